from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from logs_for_tests import SECRET, add_notices, add_works
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey

from luokuan.colophon.tlog import log, tree
from luokuan.colophon.tlog.tiles import tile_path, write_tiles
from luokuan.store import logbook
from luokuan.store.database import open_database
from luokuan.store.home import Home


@pytest.mark.parametrize("count", [1, 255, 256, 257, 700])
def test_an_independent_reader_proves_everything_from_the_tiles(home: Home, tmp_path: Path, count: int) -> None:
    folder = tmp_path / "tiles"
    folder.mkdir()
    with open_database(home) as database:
        (row,) = add_works(database, home, 1)
        head = add_notices(database, home, row.id, count - 1) if count > 1 else None
        with database.read() as connection:
            head = head or logbook.newest_head(connection)
            assert head is not None and head.size == count
            files = write_tiles(connection, head, folder)
            leaves = [found.entry.leaf for found in logbook.entries(connection, 1, 0, count)]
            reader = TilesReader(LocalBackend(folder))
            checkpoint = reader.get_checkpoint()
            checkpoint.verify(Vkey.from_string(log.key_of(head).text))
            assert reader.calculate_root_hash() == checkpoint.root_hash == head.root
            for index in {0, count // 2, count - 1}:
                assert reader.get_entry(index) == leaves[index]
                proof = reader.get_inclusion_proof(index, count)
                proof.check(tree.leaf_hash(leaves[index]), head.root)
                assert proof.node_hashes == log.inclusion(connection, head, index)
            for old in {1, count // 3 + 1, count}:
                shown = reader.get_consistency_proof(old, count)
                assert shown.node_hashes == log.consistency(connection, head, old)
                shown.check(log.root_at(connection, head, old), head.root)
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert files == len(written)
    assert not any(SECRET.encode() in path.read_bytes() or row.id.encode() in path.read_bytes() for path in written)


def test_tiles_lie_where_the_standard_says() -> None:
    assert tile_path(0, 1_234_067).as_posix() == "tile/0/x001/x234/067"
    assert tile_path("entries", 5, 17).as_posix() == "tile/entries/005.p/17"


def test_a_log_that_lacks_rows_isnt_exported(home: Home, tmp_path: Path) -> None:
    with open_database(home) as database:
        add_works(database, home, 3)
        with database.write() as connection:
            connection.execute(sa.text("DELETE FROM log_node WHERE level = 0 AND position = 1"))
        with database.read() as connection:
            head = logbook.newest_head(connection)
            assert head is not None
            with pytest.raises(ValueError, match="2 of 3"):
                write_tiles(connection, head, tmp_path)
