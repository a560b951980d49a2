"""Fetching files from a server that is not always well."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, Tuple, Type

import pytest

from splitdet.data.openimages.source import OFFICIAL, Fetcher, mirror
from splitdet.errors import DataError
from web import Files, serving

Server = Tuple[str, Path, Type[Files]]
DATA = bytes(range(256)) * 2000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Address, folder and handler of a server with one file."""

    class Handler(Files):
        """For this test alone."""

    (tmp_path / "served").mkdir()
    (tmp_path / "served/boxes.csv").write_bytes(DATA)
    with serving(tmp_path / "served", Handler) as address:
        yield address, tmp_path / "served", Handler


def test_a_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "new/boxes.csv"
    for _ in range(2):
        Fetcher().file(server[0] + "/boxes.csv", target)
    assert target.read_bytes() == DATA
    assert server[2].asked == ["/boxes.csv"]
    assert [path.name for path in target.parent.iterdir()] == ["boxes.csv"]


def test_a_file_that_breaks_off_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server[2].broken["/boxes.csv"] = [300_000, 100]
    Fetcher().file(server[0] + "/boxes.csv", tmp_path / "boxes.csv")
    assert (tmp_path / "boxes.csv").read_bytes() == DATA
    asked = server[2].asked
    assert len(asked) == 3
    assert asked[1].startswith("/boxes.csv bytes=")


def test_a_later_run_goes_on_as_well(server: Server, tmp_path: Path) -> None:
    server[2].broken["/boxes.csv"] = [300_000]
    with pytest.raises(DataError, match="run again to go on where it stopped"):
        Fetcher(retries=0).file(server[0] + "/boxes.csv", tmp_path / "boxes.csv")
    assert not (tmp_path / "boxes.csv").exists()
    had = (tmp_path / "boxes.csv.part").stat().st_size
    Fetcher(retries=0).file(server[0] + "/boxes.csv", tmp_path / "boxes.csv")
    assert (tmp_path / "boxes.csv").read_bytes() == DATA
    assert had > 0
    assert server[2].asked[-1] == f"/boxes.csv bytes={had}-"


def test_a_file_that_changed_meanwhile_is_fetched_from_the_start(server: Server, tmp_path: Path) -> None:
    server[2].broken["/boxes.csv"] = [300_000]
    with pytest.raises(DataError):
        Fetcher(retries=0).file(server[0] + "/boxes.csv", tmp_path / "boxes.csv")
    (server[1] / "boxes.csv").write_bytes(DATA + b"more")
    Fetcher(retries=0).file(server[0] + "/boxes.csv", tmp_path / "boxes.csv")
    assert (tmp_path / "boxes.csv").read_bytes() == DATA + b"more"


def test_a_file_that_was_whole_but_not_in_its_place_is_not_fetched_again(
    server: Server, tmp_path: Path
) -> None:
    leave_partial(server, tmp_path / "boxes.csv", DATA)
    Fetcher(retries=0).file(server[0] + "/boxes.csv", tmp_path / "boxes.csv")
    assert (tmp_path / "boxes.csv").read_bytes() == DATA
    assert server[2].asked[1:] == [f"/boxes.csv bytes={len(DATA)}-"]


def test_more_than_the_whole_file_is_fetched_from_the_start(server: Server, tmp_path: Path) -> None:
    leave_partial(server, tmp_path / "boxes.csv", DATA + b"more")
    Fetcher(retries=0).file(server[0] + "/boxes.csv", tmp_path / "boxes.csv")
    assert (tmp_path / "boxes.csv").read_bytes() == DATA
    assert server[2].asked[1:] == [f"/boxes.csv bytes={len(DATA) + 4}-", "/boxes.csv"]


def leave_partial(server: Server, target: Path, data: bytes) -> None:
    """What a run leaves that was killed; its version is that of the server."""
    server[2].broken["/boxes.csv"] = [300_000]
    with pytest.raises(DataError):
        Fetcher(retries=0).file(server[0] + "/boxes.csv", target)
    target.with_name(target.name + ".part").write_bytes(data)


def test_an_error_of_the_server_is_tried_again(server: Server) -> None:
    server[2].errors["/boxes.csv"] = [503]
    assert Fetcher(retries=1).bytes(server[0] + "/boxes.csv") == DATA


def test_small_files_that_break_off_are_tried_again(server: Server) -> None:
    server[2].broken["/boxes.csv"] = [10]
    assert Fetcher(retries=1).bytes(server[0] + "/boxes.csv") == DATA
    server[2].broken["/boxes.csv"] = [10, 10]
    with pytest.raises(DataError, match="broke off every time"):
        Fetcher(retries=1).bytes(server[0] + "/boxes.csv")


def test_what_is_not_there_is_asked_for_once(server: Server) -> None:
    with pytest.raises(DataError, match=r"/none\.csv: 404"):
        Fetcher().bytes(server[0] + "/none.csv")
    assert server[2].asked == ["/none.csv"]


def test_no_server_is_one_line_with_the_address(tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        pass
    with pytest.raises(DataError) as caught:
        Fetcher(retries=0).bytes(address + "/a")
    assert str(caught.value).startswith(address + "/a: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["http://example.org/x", "ftp://localhost/x", "file:///etc", "/etc", "http://127.0.0.1.example.org"],
)
def test_a_mirror_without_tls_is_refused(address: str) -> None:
    with pytest.raises(DataError, match=r"--mirror .*: expects https://"):
        mirror(address)


@pytest.mark.parametrize("address", ["https://example.org/x/", "http://localhost:80", "http://[::1]/x"])
def test_a_mirror_with_tls_or_on_this_machine_is_taken(address: str) -> None:
    assert mirror(address).pictures == address.rstrip("/") + "/{part}/{image}.jpg"


def test_open_images_itself_is_reached_over_tls_only() -> None:
    addresses = [OFFICIAL.classes, OFFICIAL.pictures, *OFFICIAL.boxes.values()]
    assert all(address.startswith("https://") for address in addresses)
