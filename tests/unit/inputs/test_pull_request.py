"""What a pull request brings, read from real git repositories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from apo_ci.config import GateSettings, ModelSettings, Overrides
from apo_ci.errors import ConfigError, InputError
from apo_ci.inputs.pull_request import AffectedPrompt, PullRequest, read_pull_request
from apo_ci.inputs.repository import Repository

CONFIG = "version: 1\nmodel: {name: big, base_url: 'https://models.example/v1', api_key_env: MODEL_KEY}\n"
PROMPT = "user:\nReview: {{ review }}\nLabel:\n"
EVAL = """prompt: prompts/a.prompt.md
dataset: evals/a.jsonl
scorers: [{type: label, labels: ["Yes", "No"]}]
gate: {max_drop: 0.1}
"""
A, EVAL_A, ROWS_A = "prompts/a.prompt.md", "evals/a.yaml", "evals/a.jsonl"


def rows(*reviews: str, **more: str) -> str:
    return "".join(json.dumps({"review": review, **more, "target": "Yes"}) + "\n" for review in reviews)


REVIEWS = tuple(f"It was good {number} times." for number in range(20))


class Project:
    """A repository whose `main` holds one prompt with one eval set."""

    def __init__(self, root: Path, **files: str):
        self.repository = Repository.create(root)
        start = {"apo-ci.yaml": CONFIG, A: PROMPT, EVAL_A: EVAL, ROWS_A: rows(*REVIEWS)}
        self.write({**start, **files})
        self.base = self.repository.commit_all("base")
        self.repository.switch_to_new_branch("feature")

    def write(self, files: dict[str, str]) -> None:
        for path, content in files.items():
            file = self.repository.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")

    def remove(self, path: str) -> None:
        (self.repository.root / path).unlink()

    def read(self, *, every: bool = False, paths: list[str] | None = None, commit: bool = False) -> PullRequest:
        head = self.repository.commit_all("head") if commit else None
        return read_pull_request(self.repository, "main", head, every=every, paths=paths)

    def only(self) -> AffectedPrompt:
        (entry,) = self.read().affected
        return entry


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def test_nothing_changed_is_nothing_affected(project: Project) -> None:
    pull_request = project.read()

    assert pull_request.affected == ()
    assert pull_request.deleted == pull_request.unevaluated == pull_request.warnings == ()
    assert (pull_request.base, pull_request.head, pull_request.config_from) == (project.base, "working tree", "base")


@pytest.mark.parametrize("commit", [False, True])
def test_a_changed_prompt_is_affected_on_both_sides(project: Project, commit: bool) -> None:
    project.write({A: PROMPT.replace("Label", "Answer")})
    pull_request = project.read(commit=commit)
    (entry,) = pull_request.affected

    assert entry.reasons == ("prompt changed",)
    assert entry.base is not None
    assert (entry.base.source, entry.head.source) == (PROMPT, PROMPT.replace("Label", "Answer"))
    assert entry.base_eval is entry.head_eval is entry.governing
    assert not entry.eval_changed
    assert (pull_request.head == "working tree") is not commit


def test_the_base_is_where_the_head_left(project: Project) -> None:
    project.repository.git("switch", "--quiet", "main")
    project.write({A: "user:\nNewer {{ review }}\n"})
    project.repository.commit_all("main went on")
    project.repository.git("switch", "--quiet", "feature")

    assert project.read().affected == ()


def test_every_prompt_can_be_asked_for(project: Project) -> None:
    (entry,) = project.read(every=True).affected

    assert entry.reasons == ("--all",)


def test_named_prompts_are_affected_and_others_are_not(project: Project) -> None:
    project.write({"prompts/b.prompt.md": PROMPT})

    assert [one.reasons for one in project.read(paths=[A]).affected] == [("named",)]
    assert project.read(paths=["prompts/*"]).unevaluated == ("prompts/b.prompt.md",)
    with pytest.raises(InputError, match="There is no file"):
        project.read(paths=["prompts/c.prompt.md"])


def test_a_new_prompt_has_no_base(project: Project) -> None:
    project.write({"prompts/b.prompt.md": PROMPT, "evals/b.yaml": EVAL.replace("a.prompt", "b.prompt")})
    entry = project.only()

    assert (entry.path, entry.eval_path, entry.base, entry.base_eval) == (
        "prompts/b.prompt.md",
        "evals/b.yaml",
        None,
        None,
    )
    assert entry.reasons == ("new prompt", "eval set changed")
    assert entry.governing is entry.head_eval


def test_a_new_prompt_that_a_base_glob_names_is_held_to_the_base(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", **{EVAL_A: EVAL.replace("a.prompt.md", "*.prompt.md")})
    project.write({"prompts/b.prompt.md": PROMPT})
    entry = project.only()

    assert (entry.path, entry.base, entry.reasons) == ("prompts/b.prompt.md", None, ("new prompt",))
    assert entry.base_eval is entry.head_eval is not None


def test_a_changed_prompt_without_an_eval_set_is_told(project: Project) -> None:
    project.write({"prompts/b.prompt.md": PROMPT})

    assert project.read().unevaluated == ("prompts/b.prompt.md",)


def test_a_deleted_prompt_is_told_and_its_eval_set_may_stay(project: Project) -> None:
    project.remove(A)
    pull_request = project.read()

    assert (pull_request.affected, pull_request.deleted) == ((), (A,))
    assert pull_request.warnings == (f"evals/a.yaml:1: There is no file `{A}`.",)


def test_two_eval_sets_for_a_prompt_are_two_entries(project: Project) -> None:
    project.write({A: PROMPT + "\n", "evals/z.yaml": EVAL})

    assert [(one.eval_path, one.base_eval is None) for one in project.read().affected] == [
        ("evals/a.yaml", False),
        ("evals/z.yaml", True),
    ]


def test_the_base_governs_when_the_eval_set_changes_too(project: Project) -> None:
    project.write({EVAL_A: EVAL.replace("0.1", "0.9")})
    entry = project.only()

    assert entry.reasons == ("eval set changed",)
    assert entry.governing is entry.base_eval
    assert entry.base_eval is not None
    assert entry.head_eval is not None
    assert [one.settings.gate and one.settings.gate.max_drop for one in (entry.base_eval, entry.head_eval)] == [
        0.1,
        0.9,
    ]
    assert entry.eval_changed


def test_changed_cases_are_a_changed_eval_set(project: Project) -> None:
    project.write({ROWS_A: rows(*REVIEWS[:10])})
    entry = project.only()

    assert entry.reasons == ("eval set changed",)
    assert len(entry.governing.dataset.cases) == 20


def test_notation_is_no_change_of_an_eval_set(project: Project) -> None:
    project.write({ROWS_A: rows(*REVIEWS).replace(": ", ":"), EVAL_A: "# a comment\n" + EVAL})

    assert project.read().affected == ()


def test_a_removed_eval_set_still_governs(project: Project) -> None:
    project.remove(EVAL_A)
    entry = project.only()

    assert (entry.head_eval, entry.reasons) == (None, ("eval set changed",))
    assert entry.governing is entry.base_eval


def test_the_first_pull_request_is_held_to_its_own_configuration(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path / "p")
    repository.commit_all("empty")
    repository.switch_to_new_branch("feature")
    project = Project.__new__(Project)
    project.repository = repository
    project.write({"apo-ci.yaml": CONFIG, A: PROMPT, EVAL_A: EVAL, ROWS_A: rows(*REVIEWS)})
    pull_request = project.read()

    assert pull_request.config_from == "head"
    assert pull_request.warnings == ("The base has no configuration yet; apo-ci.yaml is read from the head.",)
    (entry,) = pull_request.affected
    assert (entry.base, entry.base_eval, entry.reasons) == (None, None, ("new prompt", "eval set changed"))


def test_a_repository_without_commits_has_no_base(tmp_path: Path) -> None:
    project = Project.__new__(Project)
    project.repository = Repository.create(tmp_path / "p")
    project.write({"apo-ci.yaml": CONFIG, A: PROMPT, EVAL_A: EVAL, ROWS_A: rows(*REVIEWS)})
    pull_request = read_pull_request(project.repository)

    assert (pull_request.base, pull_request.config_from, pull_request.warnings) == (None, "head", ())
    assert [entry.reasons for entry in pull_request.affected] == [("new prompt",)]


def test_no_configuration_at_all_is_an_error(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path / "p")
    repository.commit_all("empty")

    with pytest.raises(ConfigError, match="There is no configuration") as caught:
        read_pull_request(repository)
    assert "version: 1" in str(caught.value.cure)


def test_the_configuration_of_the_base_governs(project: Project) -> None:
    project.write({"apo-ci.yaml": CONFIG.replace("big", "huge").replace("models.example", "evil.example")})
    pull_request = project.read()

    assert pull_request.config.model.base_url == "https://models.example/v1"
    assert pull_request.head_config.model.name == "huge"
    assert [entry.reasons for entry in pull_request.affected] == [("settings changed",)]


def test_a_setting_that_no_verdict_hangs_on_affects_nothing(project: Project) -> None:
    project.write({"apo-ci.yaml": CONFIG + "budget: {calls: 3}\npublish: {comment: new}\n"})

    assert project.read().affected == ()


def test_a_broken_configuration_on_the_head_is_an_error(project: Project) -> None:
    project.write({"apo-ci.yaml": "version: 2\n"})

    with pytest.raises(ConfigError):
        project.read()


def test_what_is_broken_on_the_base_can_be_mended(tmp_path: Path) -> None:
    project = Project(
        tmp_path / "p", **{"apo-ci.yaml": "version: 1\nmodle: x\n", EVAL_A: "prompt: [\n", A: "user:\n{{ x"}
    )
    project.write({"apo-ci.yaml": CONFIG, EVAL_A: EVAL, A: PROMPT})
    pull_request = project.read()
    (entry,) = pull_request.affected

    assert pull_request.config_from == "head"
    assert (entry.base, entry.base_eval) == (None, None)
    assert [warning.partition(" cannot")[0].split(" (")[0] for warning in pull_request.warnings] == [
        "The base's configuration",
        "evals/a.yaml:2",
        f"{A}:2",
    ]


def test_a_broken_dataset_on_the_base_can_be_mended(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", **{ROWS_A: rows("a").replace("Yes", "Maybe")})
    project.write({ROWS_A: rows(*REVIEWS)})
    pull_request = project.read()

    assert pull_request.affected[0].base_eval is None
    assert any("`Maybe` is not among the labels" in warning for warning in pull_request.warnings)


def test_an_eval_set_of_the_head_cannot_say_where_requests_go_or_what_they_cost(project: Project) -> None:
    evil = "model: {name: other, base_url: 'https://evil.example', api_key_env: SECRET, price: {input: 0, output: 0}}\n"
    project.write({EVAL_A: EVAL + evil + "budget: {calls: 1000000}\n", "evals/new.yaml": EVAL + evil})
    pull_request = project.read()

    for entry in pull_request.affected:
        assert entry.head_eval is not None
        model = entry.head_eval.settings.applied_to(pull_request.config).model
        assert (model.name, model.base_url, model.api_key_env, model.price) == (
            "other",
            "https://models.example/v1",
            "MODEL_KEY",
            None,
        )
        assert entry.head_eval.settings.budget is None
    assert sum("what they may cost" in warning for warning in pull_request.warnings) == 2


def test_an_eval_sets_own_endpoint_on_the_base_is_kept(tmp_path: Path) -> None:
    mine = EVAL + "model: {base_url: 'https://mine.example'}\nbudget: {calls: 5}\n"
    project = Project(tmp_path / "p", **{EVAL_A: mine})
    project.write({EVAL_A: mine.replace("0.1", "0.2").replace("mine", "evil")})
    entry = project.only()

    assert entry.head_eval is not None
    assert entry.head_eval.settings.model is not None
    assert entry.head_eval.settings.model.base_url == "https://mine.example"
    assert entry.head_eval.settings.budget is not None


def test_a_new_input_takes_the_cases_of_the_head_and_the_thresholds_of_the_base(project: Project) -> None:
    project.write(
        {
            A: PROMPT.replace("Label", "{{ tone }} label"),
            ROWS_A: rows(*REVIEWS, tone="kind"),
            EVAL_A: EVAL.replace("0.1", "0.9"),
        }
    )
    pull_request = project.read()
    (entry,) = pull_request.affected

    assert entry.governing.settings.gate is not None
    assert entry.governing.settings.gate.max_drop == 0.1
    assert entry.governing.dataset.cases[0].inputs["tone"] == "kind"
    assert entry.base is not None
    assert any("the cases are the head's, the settings the base's" in warning for warning in pull_request.warnings)


def test_a_dropped_input_is_compared_on_the_cases_of_the_base(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", **{A: PROMPT.replace("Label", "{{ tone }}"), ROWS_A: rows(*REVIEWS, tone="kind")})
    project.write({A: PROMPT, ROWS_A: rows(*REVIEWS)})
    entry = project.only()

    assert entry.base is not None
    assert entry.governing.dataset.cases[0].inputs["tone"] == "kind"


def test_a_renamed_input_leaves_nothing_to_compare_with(project: Project) -> None:
    project.write({A: PROMPT.replace("review }}", "text }}"), ROWS_A: rows(*REVIEWS).replace('"review"', '"text"')})
    pull_request = project.read()

    assert pull_request.affected[0].base is None
    assert any("there is no comparison" in warning for warning in pull_request.warnings)


@pytest.mark.parametrize(
    ("path", "content", "place", "said"),
    [
        (A, PROMPT.replace("review", "text"), f"{A}:2", "The placeholder `text` has no input"),
        (ROWS_A, rows(*REVIEWS, who="me"), f"{ROWS_A}:1", "The input `who` has no placeholder"),
        (ROWS_A, rows("a") + '{"review": "b"}\n', f"{ROWS_A}:2", "no target"),
        (ROWS_A, rows("a") + rows("a").replace("Yes", "No"), f"{ROWS_A}:2", "different targets"),
        (ROWS_A, rows("a").replace("Yes", "Maybe"), f"{ROWS_A}:1", "not among the labels"),
        (EVAL_A, EVAL.replace("a.jsonl", "b.jsonl"), f"{EVAL_A}:2", "There is no file `evals/b.jsonl`"),
        (EVAL_A, EVAL.replace("a.prompt", "b.prompt"), f"{EVAL_A}:1", "There is no file `prompts/b.prompt.md`"),
        (EVAL_A, EVAL.replace("a.prompt", "b*"), f"{EVAL_A}:1", "No file matches"),
        (EVAL_A, EVAL.replace("evals/a.jsonl", "a.jsonl"), f"{EVAL_A}:2", "There is no file `a.jsonl`"),
        (EVAL_A, EVAL + "oops: 1\n", f"{EVAL_A}:5", "`oops` is unknown"),
    ],
)
def test_a_mistake_in_the_head_is_one_error_at_its_line(
    project: Project, path: str, content: str, place: str, said: str
) -> None:
    project.write({path: content})

    with pytest.raises(InputError) as caught:
        project.read()

    assert str(caught.value).startswith(f"{place}: ")
    assert said in caught.value.message
    assert caught.value.cure


def test_a_dataset_beside_its_eval_file_is_found_for_the_cure(project: Project) -> None:
    project.write({EVAL_A: EVAL.replace("evals/a.jsonl", "a.jsonl")})

    with pytest.raises(InputError) as caught:
        project.read()
    assert caught.value.cure == "Paths are read from the project's root: write `evals/a.jsonl`."


def test_duplicates_and_empty_splits_are_told(project: Project) -> None:
    project.write({A: PROMPT + "\n", ROWS_A: rows(*REVIEWS), EVAL_A: EVAL})
    project.write({ROWS_A: rows("a", "a"), "evals/z.yaml": EVAL})
    warnings = project.read().warnings

    assert "evals/a.jsonl: lines 1 and 2 hold the same case; the first is used." in warnings
    assert sum("split has no cases" in warning for warning in warnings) == 2


FOLDER = "services/web"


@pytest.fixture
def folder(tmp_path: Path) -> Project:
    """A project in a folder of its repository, beside another one at the root."""
    start = {"apo-ci.yaml": CONFIG, A: PROMPT, EVAL_A: EVAL, ROWS_A: rows(*REVIEWS)}
    return Project(tmp_path / "monorepo", **{f"{FOLDER}/{path}": text for path, text in start.items()})


def read_folder(project: Project, **more: Any) -> PullRequest:
    return read_pull_request(project.repository, "main", None, directory=f"./{FOLDER}/", **more)


def test_a_project_in_a_folder_is_read_as_if_it_were_alone(folder: Project) -> None:
    folder.write({f"{FOLDER}/{A}": PROMPT.replace("Label", "Answer"), A: PROMPT.replace("Label", "Other")})
    pull_request = read_folder(folder)

    (entry,) = pull_request.affected
    assert (entry.path, entry.eval_path, entry.governing.dataset.path) == (A, EVAL_A, ROWS_A)
    assert entry.base is not None
    assert (pull_request.directory, pull_request.root) == (FOLDER, folder.repository.root / FOLDER)


def test_what_changes_beside_the_folder_affects_nothing_in_it(folder: Project) -> None:
    folder.write({A: PROMPT.replace("Label", "Other"), ROWS_A: rows("new")})
    assert read_folder(folder).affected == ()


def test_a_new_folder_has_no_base(project: Project) -> None:
    project.write({f"{FOLDER}/{path}": (project.repository.root / path).read_text() for path in (A, EVAL_A, ROWS_A)})
    project.write({f"{FOLDER}/apo-ci.yaml": CONFIG})
    pull_request = read_folder(project)

    (entry,) = pull_request.affected
    assert (entry.base, pull_request.config_from) == (None, "head")


def test_a_folder_that_is_not_there_is_an_error(project: Project) -> None:
    with pytest.raises(InputError, match="no such folder"):
        read_folder(project)


def test_an_error_in_a_folder_names_the_path_inside(folder: Project) -> None:
    folder.write({f"{FOLDER}/{A}": "user:\n{{ oops"})
    with pytest.raises(InputError) as caught:
        read_folder(folder)
    assert caught.value.path == A


def test_another_configuration_may_be_named(project: Project) -> None:
    other = CONFIG.replace("big", "other")
    project.write({"ci/prompts.yaml": other, A: PROMPT.replace("Label", "Answer")})
    pull_request = read_pull_request(project.repository, "main", config_path="ci/prompts.yaml")

    assert pull_request.config.model.name == "other"
    assert pull_request.config_from == "head"
    assert "ci/prompts.yaml is read from the head" in pull_request.warnings[0]
    with pytest.raises(ConfigError) as caught:
        read_pull_request(project.repository, "main", config_path="ci/missing.yaml")
    assert caught.value.path == "ci/missing.yaml"


def test_overrides_go_before_the_configuration_of_either_side_and_change_nothing_between_them(project: Project) -> None:
    project.write({"README.md": "An edit elsewhere."})
    overrides = Overrides(model=ModelSettings(name="chosen"), gate=GateSettings(min=0.5))
    pull_request = read_pull_request(project.repository, "main", overrides=overrides)

    assert (pull_request.config.model.name, pull_request.config.gate.min) == ("chosen", 0.5)
    assert pull_request.config.model.base_url == "https://models.example/v1"
    assert pull_request.affected == ()


def test_an_eval_sets_own_settings_go_before_overrides(project: Project) -> None:
    overrides = Overrides(gate=GateSettings(max_drop=0.5))
    pull_request = read_pull_request(project.repository, "main", every=True, overrides=overrides)

    (entry,) = pull_request.affected
    assert entry.governing.settings.applied_to(pull_request.config).gate.max_drop == 0.1
