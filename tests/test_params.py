"""params.yaml: the project's own is right, and each wrong value is named with what to write instead."""

from __future__ import annotations

import dataclasses
import typing
from pathlib import Path

import pytest
import yaml

from pipeline.errors import ParamsError
from pipeline.params import Params, load_params

OWN = Path(__file__).parent.parent / "params.yaml"


def own_values() -> dict[str, dict[str, typing.Any]]:
    return yaml.safe_load(OWN.read_text(encoding="utf-8"))


def load(path: Path, values: object) -> Params:
    path.write_text(values if isinstance(values, str) else yaml.safe_dump(values), encoding="utf-8")
    return load_params(path)


def load_with(folder: Path, name: str, value: object) -> Params:
    """The project's own params with one value, section.key, changed."""
    section, key = name.split(".")
    values = own_values()
    values[section][key] = value
    return load(folder / "params.yaml", values)


def value_of(params: Params, name: str) -> object:
    section, key = name.split(".")
    return getattr(getattr(params, section), key)


def bounds() -> list[tuple[str, float, float, bool]]:
    """Every number of params.yaml: name, minimum, maximum, whether it is whole."""
    return [
        (
            f"{section}.{field.name}",
            field.metadata["minimum"],
            field.metadata["maximum"],
            float not in (field.type, *typing.get_args(field.type)),
        )
        for section, kind in typing.get_type_hints(Params).items()
        for field in dataclasses.fields(kind)
        if field.metadata
    ]


def words() -> list[tuple[str, str]]:
    """Every word that is a choice of params.yaml."""
    found = []
    for section, kind in typing.get_type_hints(Params).items():
        for key, hint in typing.get_type_hints(kind).items():
            if typing.get_origin(hint) is tuple:
                continue  # a list of words, not one
            choices = [hint, *typing.get_args(hint)]
            literals = [choice for choice in choices if typing.get_origin(choice) is typing.Literal]
            found += [(f"{section}.{key}", word) for literal in literals for word in typing.get_args(literal)]
    return found


# What is right


def test_the_projects_own_file_is_loaded_value_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(OWN.parent)
    values = own_values()
    for section, name in (("dataset", "exclude"), ("duplicates", "keep")):
        values[section][name] = tuple(values[section][name])
    assert dataclasses.asdict(load_params(Path(OWN.name))) == values


@pytest.mark.parametrize(("name", "word"), words())
def test_every_word_that_is_a_choice_is_accepted(tmp_path: Path, name: str, word: str) -> None:
    assert value_of(load_with(tmp_path, name, word), name) == word


def test_a_list_of_words_is_accepted_and_only_of_known_ones_each_once(tmp_path: Path) -> None:
    assert load_with(tmp_path, "duplicates.keep", ["bytes", "older"]).duplicates.keep == ("bytes", "older")
    for wrong in ("bytes", ["bytes", "bytes"], ["beauty"], [1]):
        with pytest.raises(ParamsError, match=r"duplicates\.keep: expected a list of some of detail, whole"):
            load_with(tmp_path, "duplicates.keep", wrong)


def test_a_whole_number_is_accepted_where_any_number_is_expected(tmp_path: Path) -> None:
    value = load_with(tmp_path, "train.learning_rate", 1).train.learning_rate
    assert (value, type(value)) == (1.0, float)


@pytest.mark.parametrize("name", ["dataset.path", "dataset.labels", "encoder.path", "encoder.weights"])
@pytest.mark.parametrize("path", ["/pictures/雪 and spaces", "..", "a.b"])
def test_a_path_starts_from_the_folder_of_the_params(tmp_path: Path, name: str, path: str) -> None:
    assert value_of(load_with(tmp_path, name, path), name) == str(tmp_path / path)


def test_a_tilde_is_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert load_with(tmp_path, "dataset.path", "~/photos").dataset.path == "/home/me/photos"


# The documented bounds are the checked ones. These three are bound by each other too, and tested below.
FREE = [bound for bound in bounds() if bound[0] not in ("groups.k_minimum", "groups.k_maximum", "train.crop")]


@pytest.mark.parametrize(("name", "minimum", "maximum", "is_whole"), FREE)
def test_both_bounds_are_accepted(tmp_path: Path, name: str, minimum: float, maximum: float, is_whole: bool) -> None:
    kind = int if is_whole else float
    got = [value_of(load_with(tmp_path, name, kind(bound)), name) for bound in (minimum, maximum)]
    assert got == [minimum, maximum]


@pytest.mark.parametrize("above", [False, True], ids=["below", "above"])
@pytest.mark.parametrize(("name", "minimum", "maximum", "is_whole"), bounds())
def test_what_is_just_outside_of_a_bound_is_refused(
    tmp_path: Path, name: str, minimum: float, maximum: float, is_whole: bool, above: bool
) -> None:
    step = 1 if is_whole else 1e-9
    value = maximum + step if above else minimum - step
    with pytest.raises(ParamsError, match=rf"^{name}: expected .* from {minimum:,} to {maximum:,}.*, got "):
        load_with(tmp_path, name, value)


# What is wrong


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("train.epochs", True, r"'auto' or an integer from 1 to 100,000, got True"),
        ("sample.seed", False, r"an integer .*, got False"),
        ("resize.max_megapixels", True, r"a number from 0\.001 to 10,000, got True"),
        ("train.views", 1.5, r"'auto' or an integer .*, got 1\.5"),
        ("train.views", 2.0, r"'auto' or an integer .*, got 2\.0"),
        ("train.validation_share", float("nan"), r"a number .*, got nan"),
        ("train.validation_share", float("inf"), r"a number .*, got inf"),
        ("resize.max_megapixels", 10**400, r"a number .*, got 1000"),
        ("resize.max_megapixels", -(10**400), r"a number .*, got -1000"),
        ("train.validation_share", None, r"a number .*, got None"),
        ("train.validation_share", [0.1], r"a number .*, got \[0\.1\]"),
        ("train.validation_share", {"a": 1}, r"a number .*, got \{'a': 1\}"),
        ("train.network", "clasic", r"'classic' or 'residual', got 'clasic'"),
        ("train.network", 1, r"'classic' or 'residual', got 1"),
        ("train.network", "Classic", r"'classic' or 'residual', got 'Classic'"),
        ("train.epochs", "all", r"'auto' or an integer from 1 to 100,000, got 'all'"),
        ("groups.k", "elbo", r"'auto' or 'elbow' or 'silhouette' or an integer .*, got 'elbo'"),
        ("dataset.path", "", r"a text that is not empty, got ''"),
        ("dataset.path", 7, r"a text that is not empty, got 7"),
        ("dataset.labels", False, r"a text that is not empty, got False"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(tmp_path: Path, name: str, value: object, message: str) -> None:
    with pytest.raises(ParamsError, match=rf"^{name}: expected {message}"):
        load_with(tmp_path, name, value)


@pytest.mark.parametrize(
    ("written", "instead"), [("1e-3", "0.001"), ("5e-4", "0.0005"), ("1e0", "1"), ("0.01", "0.01"), ("2E-2", "0.02")]
)
def test_a_number_that_yaml_takes_for_a_text_is_refused_with_how_to_write_it(
    tmp_path: Path, written: str, instead: str
) -> None:
    with pytest.raises(
        ParamsError, match=rf"^train\.learning_rate: .*, got '{written}' \(a text .*\); write {instead}$"
    ):
        load_with(tmp_path, "train.learning_rate", written)


def test_yaml_does_take_such_a_number_for_a_text(tmp_path: Path) -> None:
    text = OWN.read_text(encoding="utf-8").replace("learning_rate: auto", "learning_rate: 1e-3")
    with pytest.raises(ParamsError, match=r"got '1e-3' \(a text to YAML\); write 0\.001$"):
        load(tmp_path / "params.yaml", text)


@pytest.mark.parametrize(
    ("name", "suggestion"), [("train.epoch", r"train\.epochs"), ("dataset.paht", r"dataset\.path")]
)
def test_an_unknown_key_is_refused_with_the_nearest_known(tmp_path: Path, name: str, suggestion: str) -> None:
    with pytest.raises(ParamsError, match=rf"^{name}: unknown key; did you mean {suggestion}\?$"):
        load_with(tmp_path, name, 3)


def test_an_unknown_key_that_is_like_none_is_refused_with_all_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"^dataset\.zzz: unknown key; known are path, exclude, labels, orientation$"):
        load_with(tmp_path, "dataset.zzz", 3)


def test_an_unknown_section_is_refused_with_the_nearest_known(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"^group: unknown key; did you mean groups\?$"):
        load(tmp_path / "params.yaml", {**own_values(), "group": {}})


def test_a_key_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"^1: unknown key; known are dataset, "):
        load(tmp_path / "params.yaml", {**own_values(), 1: {}})


@pytest.mark.parametrize("section", typing.get_type_hints(Params))
def test_a_missing_section_is_named(tmp_path: Path, section: str) -> None:
    values = own_values()
    del values[section]
    with pytest.raises(ParamsError, match=rf"^{section}: missing; add it to params\.yaml, as it stands"):
        load(tmp_path / "params.yaml", values)


def test_a_missing_key_is_named_with_its_section(tmp_path: Path) -> None:
    values = own_values()
    del values["groups"]["engine"]
    with pytest.raises(ParamsError, match=r"^groups\.engine: missing; add it to params\.yaml, as it stands"):
        load(tmp_path / "params.yaml", values)


@pytest.mark.parametrize("section", [None, 3, "text", ["a"]])
def test_a_section_that_is_no_mapping_is_refused(tmp_path: Path, section: object) -> None:
    with pytest.raises(ParamsError, match=r"^train: expected a mapping of names to values, got "):
        load(tmp_path / "params.yaml", {**own_values(), "train": section})


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "only a text", "# a comment\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ParamsError, match=r"^params\.yaml: expected a mapping of names to values, got "):
        load(tmp_path / "params.yaml", text)


@pytest.mark.parametrize(
    "text", ["a: [1", "a: b: c", "\tb: 1", "a: 2024-02-30", "? {a: 1}\n: 2", "!!python/name:os.system"]
)
def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ParamsError, match=r"params\.yaml cannot be read as YAML: (.|\n)*; mend it$"):
        load(tmp_path / "params.yaml", text)


def test_a_file_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes(b"dataset: caf\xe9")
    with pytest.raises(ParamsError, match=r"params\.yaml cannot be read as YAML: .*utf-8"):
        load_params(tmp_path / "params.yaml")


def test_a_missing_file_is_refused_with_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(
        ParamsError, match=r"params\.yaml is missing: run the command in the folder of a project, which"
    ):
        load_params(tmp_path / "params.yaml")


def test_the_largest_k_may_be_one_above_the_smallest(tmp_path: Path) -> None:
    values = own_values()
    values["groups"].update(k_minimum=7, k_maximum=8)
    assert load(tmp_path / "params.yaml", values).groups.k_maximum == 8


@pytest.mark.parametrize("smallest", [8, 9])
def test_a_sweep_over_no_k_is_refused(tmp_path: Path, smallest: int) -> None:
    values = own_values()
    values["groups"].update(k_minimum=smallest, k_maximum=8)
    with pytest.raises(
        ParamsError, match=rf"^groups\.k_minimum: expected less than groups\.k_maximum \(8\), got {smallest}$"
    ):
        load(tmp_path / "params.yaml", values)


def test_the_classic_network_is_joined_with_no_other(tmp_path: Path) -> None:
    values = own_values()
    values["encoder"]["kind"] = "joined"
    assert load(tmp_path / "params.yaml", values).encoder.foreign == "onnx"
    values["train"]["network"] = "classic"
    with pytest.raises(ParamsError, match=r"^encoder\.kind: 'joined' can't be had where train\.network is 'classic'"):
        load(tmp_path / "params.yaml", values)


@pytest.mark.parametrize("crop", [32, 64, 128])
def test_a_crop_of_whole_cells_is_accepted(tmp_path: Path, crop: int) -> None:
    assert load_with(tmp_path, "train.crop", crop).train.crop == crop


def test_a_crop_that_is_no_multiple_of_32_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"^train\.crop: expected a multiple of 32, got 65$"):
        load_with(tmp_path, "train.crop", 65)


def test_one_number_or_three_can_be_given_for_the_channels(tmp_path: Path) -> None:
    assert load_with(tmp_path, "encoder.mean", 127.5).encoder.mean == 127.5
    assert load_with(tmp_path, "encoder.mean", [123.7, 116, 103.5]).encoder.mean == (123.7, 116.0, 103.5)
    with pytest.raises(ParamsError, match=r"encoder\.mean: expected a number .* or three of them"):
        load_with(tmp_path, "encoder.mean", [1, 2])
    with pytest.raises(ParamsError, match=r"encoder\.mean\[2\]: expected a number"):
        load_with(tmp_path, "encoder.mean", [1, 2, "red"])


@pytest.mark.parametrize("wrong", ["a text", 5, [1], [""], [["nested"]]])
def test_a_list_of_texts_is_no_other_list(tmp_path: Path, wrong: object) -> None:
    values = own_values()
    values["dataset"]["exclude"] = wrong
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(ParamsError, match=r"^dataset\.exclude: expected a list of texts, \[\] for none, got "):
        load_params(tmp_path / "params.yaml")
