"""Words of the command line are put in order, quoted where they can only be text, or refused in one sentence."""

from __future__ import annotations

import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from kmseg.cli.arguments import order_arguments, paste, quote_value
from kmseg.errors import UserError


def value_of(word: str) -> object:
    return OverridesParser.create().parse_override(word).value()


def test_flags_may_stand_anywhere():
    assert order_arguments(["a=1", "-m", "b=2", "--cfg", "job"]) == ["-m", "--cfg", "job", "a=1", "b=2"]
    assert order_arguments(["--info", "a=1"]) == ["--info=all", "a=1"]


@pytest.mark.parametrize("name", ["a=b", "c (1)", "d#e", "f,g", "h{i}", "j'k", "l m", "n:o", "[p]"])
def test_an_existing_path_is_text_whatever_is_in_its_name(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    (word,) = order_arguments([f"dataset.root={folder}"])
    assert value_of(word) == str(folder)


def test_a_path_that_is_not_there_yet_is_text_too(tmp_path):
    (word,) = order_arguments([f"hydra.run.dir={tmp_path}/a=b (2)"])
    assert value_of(word) == f"{tmp_path}/a=b (2)"


def test_values_of_a_sweep_stay_values():
    words = ["clusterer.k=2,3,auto", "sampling.images=range(5,10)", "writers=[index_png,preview]", "+experiment=paper"]
    assert order_arguments(words) == words


WRONG = {
    "--dataset.root=/data": "write dataset.root=/data",
    "--dataset.root": "write dataset.root=VALUE",
    "--nonsense": "no flag of kmseg",
    "labels": "expected key=value",
    "palette.names=a=(b": "quote it",
    "--config-dir=/not/there": "not an existing folder",
    "tracker=null": "choose mlflow, none, or leave it out",
    "masker=3": "choose boundary,",
    "masker=null,jpeg": "choose boundary,",
    "task=": "choose compare,",
}


@pytest.mark.parametrize("word", WRONG)
def test_a_word_that_means_nothing_is_one_short_sentence(word):
    with pytest.raises(UserError, match=WRONG[word]) as error:
        order_arguments([word])
    assert len(str(error.value)) < 200
    assert "\n" not in str(error.value)


def test_the_line_to_type_of_an_error_can_be_typed():
    with pytest.raises(UserError) as error:
        order_arguments(["palette.names=a=(b"])
    (word,) = shlex.split(str(error.value).partition("quote it: ")[2])
    assert value_of(word) == "a=(b"


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1))
def test_any_text_comes_back_from_its_quotes(text):
    assert value_of(f"a={quote_value(text)}") == text


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_a_command_to_paste_gives_its_words_to_the_shell_and_its_values_to_hydra(text):
    program, word = shlex.split(paste(["kmseg", f"dataset.root=/{text}"]))
    assert (program, value_of(word)) == ("kmseg", f"/{text}")


def test_options_from_the_users_own_folder_have_all_settings_of_their_class(kmseg, tmp_path, labels):
    (tmp_path / "own" / "clusterer").mkdir(parents=True)
    (tmp_path / "own" / "clusterer" / "mine.yaml").write_text("_target_: kmseg.clusterers.kmeans.KMeans\nk: 4\n")
    root = f"dataset.root={labels}"
    words = ["--config-dir", str(tmp_path / "own"), "clusterer=mine", "clusterer.n_init=2", "dataset=folder", root]
    ran = kmseg("task=discover", *words, env={})
    assert ran.code == 0, ran.err
    assert len(ran.palette()) == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("k: 4\n", "names no class; expected a line such as _target_"),
        ("_target_: [\n", "mine, line 2 is no YAML"),
        ("_target_: kmseg.clusterers.kmeans.KMeans\nkk: 4\n", "there is no setting 'kk'; it has k,"),
    ],
)
def test_an_option_file_that_cannot_be_used_is_told_in_a_sentence(kmseg, tmp_path, text, says):
    (tmp_path / "own" / "clusterer").mkdir(parents=True)
    (tmp_path / "own" / "clusterer" / "mine.yaml").write_text(text)
    ran = kmseg("--config-dir", str(tmp_path / "own"), "clusterer=mine")
    assert ran.code == 1
    assert says in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("truth=masks", "give truth.legend=VALUE or truth.masks=VALUE"),
        ("writers.preview=2", "give writers.preview.images=VALUE or writers.preview.width=VALUE"),
        ("writers.preview=null", "leave it out of writers=[...]"),
    ],
)
def test_a_value_in_the_place_of_several_settings_is_told_with_their_names(kmseg, word, says):
    ran = kmseg(word, env={})
    assert ran.code == 1
    assert says in ran.err


def test_a_command_line_that_cannot_be_read_exits_with_2(kmseg):
    ran = kmseg("--dataset.root=/data", env={})
    assert ran.code == 2
    assert ran.err.count("\n") == 1
