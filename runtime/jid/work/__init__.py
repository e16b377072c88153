"""What happens inside of the model's process."""
