#include <stdbool.h>
#include <stdio.h>

static bool is_prime(unsigned int number) {
    for (unsigned int divisor = 2; divisor * divisor <= number; divisor++) {
        if (number % divisor == 0) {
            return false;
        }
    }
    return number > 1;
}

int main(void) {
    for (unsigned int number = 0; number < 100; number++) {
        if (is_prime(number)) {
            printf("%u\n", number);
        }
    }
    return 0;
}
