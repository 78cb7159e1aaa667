"""A secret in a form is not stored, and the page says so."""

import random
import string

from flask import Flask

from tests.web.conftest import form_token, people_of, sign_in


def test_a_secret_in_a_form_is_cleaned_and_said(app: Flask) -> None:
    people = people_of(app)
    client = sign_in(app, people.ines)
    draw = random.Random(7)
    secret = "glpat-" + "".join(draw.choice(string.ascii_letters) for _ in range(20))
    data = {"csrf_token": form_token(client), "title": f"Tried {secret} by hand"}
    answer = client.post("/postmortems/new", data=data)
    page = client.get(answer.location).get_data(as_text=True)
    assert secret not in page
    assert "Taken out before storing: 1 × GitLab token (line 1)." in page
