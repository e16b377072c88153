"""A problem as a page: what went wrong, where, and what to do about it."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from modelserver.errors import Problem, Unauthorized
from modelserver.pages.frame import page
from modelserver.pages.sign_in import sign_in_page


def problem_page(request: Request, problem: Problem) -> Response:
    """Streamed, as problem+json is: functions-framework drains the request's body before any other answer."""
    if isinstance(problem, Unauthorized) and "WWW-Authenticate" in problem.headers:
        answer = sign_in_page(request)
    else:
        answer = page(request, "problem.html", status=problem.status, problem=problem)
    answer.headers.update(problem.headers)
    text = answer.get_data()
    answer.response = iter([text])
    answer.content_length = len(text)
    return answer
