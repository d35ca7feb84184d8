"""Files are replaced as a whole, and other files are not changed."""

import os
import stat

import pytest

from nefsim._writing import replacing


def test_a_file_is_replaced_at_the_end_of_the_block(tmp_path):
    target = tmp_path / "a"
    target.write_bytes(b"old")
    with replacing(target) as stream:
        stream.write(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new" and os.listdir(tmp_path) == ["a"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a"
    target.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), replacing(target) as stream:
        stream.write(b"new")
        raise ZeroDivisionError
    assert target.read_bytes() == b"old" and os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")
def test_permissions_stay_and_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    mask = os.umask(0o077)
    try:
        with replacing(link) as stream:
            stream.write(b"new")
    finally:
        os.umask(mask)
    assert link.is_symlink() and real.read_bytes() == b"new"
    assert real.stat().st_mode & 0o777 == 0o640


def test_the_name_of_the_new_file_is_random(tmp_path):
    with replacing(tmp_path / "a") as first, replacing(tmp_path / "a") as second:
        names = set(os.listdir(tmp_path))
        assert len(names) == 2 and all(name.endswith(".part") for name in names)
        first.write(b"1")
        second.write(b"2")
    assert (tmp_path / "a").read_bytes() in (b"1", b"2")


@pytest.mark.skipif(not hasattr(os, "O_DIRECTORY"), reason="folders of POSIX")
@pytest.mark.parametrize("sync", [True, False])
def test_the_data_and_then_the_name_are_on_the_disk(tmp_path, monkeypatch, sync):
    synced = []
    real = os.fsync

    def noted(descriptor):
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        synced.append((kind, (tmp_path / "a").exists()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    with replacing(tmp_path / "a", sync=sync) as stream:
        stream.write(b"new")
    assert synced == ([("file", False), ("folder", True)] if sync else [])
