"""Tests that the index returns the same as reading every document."""

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.sandbox import listing
from coredata_async.sandbox.collection import lies_in, search
from coredata_async.sandbox.document import Ids, User
from coredata_async.sandbox.files import FILES
from coredata_async.sandbox.index import key_of
from coredata_async.sandbox.projects import create_first_project
from coredata_async.sandbox.state import State

TITLES = st.sampled_from(["", "a", "aa", "ab", "b", "ä", "a\U0001f600"])
STEP = st.tuples(
    st.sampled_from(["file", "folder", "title", "move", "blob", "remove"]), st.integers(0, 99), TITLES
)
MOMENTS = ["1970-01-01T00:00:01", "1970-01-01T00:00:02.5", "1970-01-01T00:00:03"]
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "title": TITLES,
        "title__startswith": TITLES,
        "parent": st.integers(0, 9),
        "created__gt": st.sampled_from(MOMENTS),
        "created__lte": st.sampled_from(MOMENTS),
        "created__range": st.sampled_from([f"{one},{two}" for one in MOMENTS for two in MOMENTS]),
        "modified__gte": st.sampled_from(MOMENTS),
    },
)


def world() -> tuple[State, list[float]]:
    now = [1.0]
    state = State(Ids(lambda: now[0]), User("u", "U", "U"))
    space = state.add_space("Space")
    for title in ("One", "Two"):
        create_first_project(state, title=title, space=space)
    state.add_space("Other")
    return state, now


def holders(state: State) -> list[str]:
    return [one.id for kind in ("Workspace", "Folder") for one in state.of(kind)]


def act(state: State, what: str, number: int, title: str) -> None:
    places, files = holders(state), list(state.files)
    place = places[number % len(places)]
    file = files[number % len(files)] if files else None
    match what:
        case "file":
            fields = {"filename": title, "blob_name": f"b{number % 3}"}
            state.add(attrs.evolve(state.draft("File", title, place), fields=fields))
        case "folder":
            state.add_folder(title, place)
        case "title" if file:
            state.change(attrs.evolve(file, title=title))
        case "move" if file and number % 2:
            state.change(attrs.evolve(file, parent=place))
        case "move":  # a Project to another Space, with all its content
            spaces, projects = state.of("Space"), state.of("Project")
            moved = attrs.evolve(projects[number % len(projects)], parent=spaces[number % len(spaces)].id)
            state.change(moved)
        case "blob" if file:
            state.change(attrs.evolve(file, fields={**file.fields, "blob_name": f"b{number % 3}"}))
        case "remove":
            gone = [one for one in (*state.of("Folder"), *files) if one.kind != "Workspace"]
            if gone:
                state.remove(gone[number % len(gone)])


@settings(max_examples=200, deadline=None)
@given(st.lists(STEP, max_size=30), QUERIES, st.booleans())
def test_a_list_shows_what_reading_every_document_would_show(steps, query, closed) -> None:
    state, now = world()
    for what, number, title in steps:
        now[0] += 0.4
        act(state, what, number, title)
    if "parent" in query:
        query["parent"] = [*holders(state), "missing"][query["parent"] % (len(holders(state)) + 1)]
    asked = listing.conditions(query, FILES.known, state.index, "File", closed=closed)
    everything = sorted((one for one in state.documents.values() if one.kind == "File"), key=key_of)

    found = [one for _, one in search(state, "File", asked)]

    assert found == [one.id for one in everything if all(each.holds(one) for each in asked)]
    for holder in (*state.of("Project"), *state.of("Space")):
        within = search(state, "File", [lies_in(state, holder, "File"), *asked])
        below = [one.id for one in everything if state.enclosing(one, holder.kind) is holder]
        assert [one for _, one in within] == [one for one in found if one in below]
    for space in state.of("Space"):
        own = [one.id for one in state.of("Project") if one.parent == space.id]
        assert [one for _, one in search(state, "Project", [lies_in(state, space, "Project")])] == own
    blobs = [str(one.fields["blob_name"]) for one in everything]
    assert state.files_per_blob() == {blob: blobs.count(blob) for blob in blobs}
    assert [state.index.naming(f"b{n}") for n in range(3)] == [blobs.count(f"b{n}") for n in range(3)]


def test_an_emptied_index_knows_nothing() -> None:
    state, _ = world()
    project = state.of("Project")[0]
    folder = state.add_folder("a", project.id)
    fields = {"filename": "a", "blob_name": "b"}
    for _ in range(3):
        state.add(attrs.evolve(state.draft("File", "a", folder), fields=fields))

    state.remove(project)

    assert (state.files, state.files_per_blob(), state.index.naming("b")) == ([], {}, 0)
    assert state.index.with_title("File", "a").count == 0
    assert state.index.below("File", project.id).count == 0
