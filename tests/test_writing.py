"""Files are replaced as a whole, and other files are not changed."""

import os
import stat
import time

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
    synced, opened = [], []
    real = os.fsync

    def noted(descriptor):
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        synced.append((kind, (tmp_path / "a").exists()))
        opened.append(descriptor)
        assert kind == "folder" or os.fstat(descriptor).st_size == 3  # all that was written
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    with replacing(tmp_path / "a", sync=sync) as stream:
        stream.write(b"new")
    assert synced == ([("file", False), ("folder", True)] if sync else [])
    for descriptor in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_what_a_killed_program_left_of_a_target_is_removed_by_its_next_writer(tmp_path):
    def left_behind(name, days):
        """The new file of a writer of ``name`` that never ended, and that old."""
        before = set(os.listdir(tmp_path))
        with pytest.raises(KeyboardInterrupt), replacing(tmp_path / name) as stream:
            stream.write(b"half")
            stream.flush()
            (part,) = set(os.listdir(tmp_path)) - before
            (tmp_path / "aside").write_bytes((tmp_path / part).read_bytes())
            raise KeyboardInterrupt
        (tmp_path / "aside").rename(tmp_path / part)
        then = time.time() - days * 24 * 3600
        os.utime(tmp_path / part, (then, then))
        return part

    old, new, other = left_behind("a", 1.01), left_behind("a", 0.99), left_behind("b", 1.01)
    others = ("a.part", ".nefsim-0.part", old.removesuffix(".part"))
    for name in others:
        (tmp_path / name).write_bytes(b"of the user")
        os.utime(tmp_path / name, (0, 0))
    with replacing(tmp_path / "a") as stream:
        stream.write(b"whole")
    assert set(os.listdir(tmp_path)) == {"a", new, other, *others}


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_link_or_folder_under_such_a_name_is_left_alone(tmp_path):
    names = []
    for _ in range(2):
        with replacing(tmp_path / "a"):
            names += [name for name in os.listdir(tmp_path) if name.endswith(".part")]
    link, folder = (tmp_path / name for name in names)
    link.symlink_to(tmp_path / "a")
    folder.mkdir()
    os.utime(link, (0, 0), follow_symlinks=False)
    os.utime(folder, (0, 0))
    with replacing(tmp_path / "a"):
        pass
    assert link.is_symlink() and folder.is_dir()
