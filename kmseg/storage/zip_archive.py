"""Files inside a zip archive, found by its central directory and read from any thread."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path

from kmseg.errors import UserError
from kmseg.storage.archives import Archive, SharedFile, clean_name, note_repeated, refuse_bomb

ENCRYPTED = 0x1
"""Bit of an entry's flags (APPNOTE.TXT 4.4.4)."""

LOCAL_HEADER = struct.Struct("<26xHH")
"""The header before an entry's data, of which the lengths of name and extra field are read (APPNOTE.TXT 4.3.7)."""

METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA})
"""Compression methods that Python reads."""


class ZipArchive(Archive[zipfile.ZipInfo]):
    """A zip archive. The usual entries are read here and not by `zipfile`, in a third of the time and without its lock.

    References
    ----------
    APPNOTE.TXT, .ZIP File Format Specification, PKWARE: central directory (4.3.12), flags (4.4.4).
    """

    def __init__(self, path: Path, shown: str) -> None:
        super().__init__(shown, {}, {})
        try:
            self._archive = zipfile.ZipFile(path)
            self._file = SharedFile(path)
        except zipfile.BadZipFile as error:
            raise UserError(
                f"{shown} is cut short or no zip archive ({str(error).rstrip('.')}); download or copy it again"
            ) from None
        for info in self._archive.infolist():
            name = clean_name(info.filename, shown)
            if info.is_dir() or not name or info.filename.endswith("\\"):
                continue
            self._check(info)
            if stat.S_ISLNK(info.external_attr >> 16):
                self._left_out[name] = "a link inside an archive, which is not followed"
                continue
            if name in self._entries:
                note_repeated(name, self._left_out)
            self._entries[name] = info
        refuse_bomb(shown, path.stat().st_size, sum(info.file_size for info in self._entries.values()))
        self._refuse_overlap(path.stat().st_size)

    def _check(self, info: zipfile.ZipInfo) -> None:
        if info.flag_bits & ENCRYPTED:
            raise UserError(
                f"{self._shown} is encrypted ({info.filename}); unpack it with its password, give the folder"
            )
        if info.compress_type not in METHODS:
            raise UserError(
                f"{self._shown} is packed by method {info.compress_type} ({info.filename}), which is not read; unpack "
                "it and give the folder, or pack it with deflate"
            )

    def _refuse_overlap(self, archive_bytes: int) -> None:
        """Refuse entries that share bytes, of which bombs are made that unpack to more than deflate could.

        References
        ----------
        D. Fifield, "A better zip bomb", WOOT 2019.
        """
        entries = sorted(self._entries.values(), key=lambda info: info.header_offset)
        ends = [*(info.header_offset for info in entries[1:]), archive_bytes]
        for info, end in zip(entries, ends, strict=True):
            if info.header_offset + info.compress_size > end:
                raise UserError(
                    f"{self._shown} is damaged: {info.filename} overlaps another entry or the archive's end; download "
                    "it again"
                )

    def size(self, name: str) -> int:
        """Return a file's size in bytes, unpacked."""
        return self._entry(name).file_size

    def read(self, name: str) -> bytes:
        """Return a file's bytes; its CRC-32 is checked."""
        entry = self._entry(name)
        try:
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                return self._archive.read(entry)
            header = self._file.read_at(entry.header_offset, LOCAL_HEADER.size)
            data_offset = entry.header_offset + LOCAL_HEADER.size + sum(LOCAL_HEADER.unpack(header))
            data = self._file.read_at(data_offset, entry.compress_size)
            if entry.compress_type == zipfile.ZIP_DEFLATED:
                data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, entry.file_size + 1)
            if len(data) != entry.file_size or zlib.crc32(data) != entry.CRC:
                raise zipfile.BadZipFile("size and checksum are not those of the central directory")
            return data
        except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError) as error:
            raise OSError(f"damaged inside the archive: {error}; download or copy the archive again") from None

    def fingerprint(self, name: str) -> str | None:
        """Return a file's CRC-32 and size, which the archive knows."""
        entry = self._entry(name)
        return f"crc32 {entry.CRC:08x} {entry.file_size}"
