"""Our JSON meets its schema and comes back whole."""

import json

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from rca.domain.postmortem import PostmortemContent
from rca.formats import postmortem_json
from tests.factories import rich
from tests.formats.contents import contents, without_ids


def _written(content: PostmortemContent) -> dict[str, object]:
    text = postmortem_json.write(content, reference="INC-2026-0001", status="draft", version=1)
    found: dict[str, object] = json.loads(text)
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(contents())
def test_it_meets_the_schema_and_comes_back_whole(content: PostmortemContent) -> None:
    found = _written(content)
    jsonschema.Draft202012Validator(postmortem_json.schema()).validate(found)
    assert PostmortemContent.model_validate(found["content"]) == content
    assert without_ids(PostmortemContent.model_validate(found["content"])) == without_ids(content)


def test_the_schema_is_one_and_refuses_what_we_do_not_know() -> None:
    schema = postmortem_json.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    wrong = _written(rich())
    wrong["content"]["blame"] = "someone"  # type: ignore[index]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(wrong)
