"""PDF and Word documents made by hand, good and bad."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A text on a page: F1 is Helvetica, F2 its bold, F3 Courier."""

    x: float
    y: float
    text: str
    size: float = 10
    font: str = "F1"


def pdf(pages: Sequence[Sequence[Drawn]], *, info: str = "", catalog: str = "") -> bytes:
    return pdf_of([_stream(page) for page in pages], info=info, catalog=catalog)


def pdf_of(streams: Sequence[bytes], *, info: str = "", catalog: str = "") -> bytes:
    """A PDF of these content streams, packed by Flate already."""
    kids = " ".join(f"{10 + 2 * at} 0 R" for at in range(len(streams)))
    objects = {
        1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(streams)} /MediaBox [0 0 595 842] >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
        6: f"<< {info} >>".encode(),
    }
    fonts = "/Font << /F1 3 0 R /F2 4 0 R /F3 5 0 R >>"
    for at, stream in enumerate(streams):
        page = f"<< /Type /Page /Parent 2 0 R /Resources << {fonts} >> /Contents {11 + 2 * at} 0 R >>"
        objects[10 + 2 * at] = page.encode()
        head = f"<< /Length {len(stream)} /Filter /FlateDecode >>\nstream\n".encode()
        objects[11 + 2 * at] = head + stream + b"\nendstream"
    return _file(objects)


def docx(body: str, *, title: str = "", extra: dict[str, bytes] | None = None) -> bytes:
    """A Word document with this body."""
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/></w:style>'
        for key, name in (("Title", "Title"), ("Heading1", "heading 1"), ("ListParagraph", "List Paragraph"))
    )
    levels = '<w:lvl w:ilvl="0"><w:numFmt w:val="{}"/></w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="{}"/></w:lvl>'
    numbering = "".join(
        f'<w:abstractNum w:abstractNumId="{at}">{levels.format(kind, kind)}</w:abstractNum>'
        for at, kind in enumerate(("bullet", "decimal"))
    ) + "".join(f'<w:num w:numId="{at + 1}"><w:abstractNumId w:val="{at}"/></w:num>' for at in range(2))
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="png" ContentType="image/png"/></Types>',
        "_rels/.rels": _relations(("officeDocument", "word/document.xml")),
        "word/_rels/document.xml.rels": _relations(
            ("styles", "styles.xml"), ("numbering", "numbering.xml"), ("image", "media/a.png")
        ),
        "word/document.xml": f'<w:document xmlns:w="{_WORD}" xmlns:r="{_OFFICE}"><w:body>{body}</w:body></w:document>',
        "word/styles.xml": f'<w:styles xmlns:w="{_WORD}">{styles}</w:styles>',
        "word/numbering.xml": f'<w:numbering xmlns:w="{_WORD}">{numbering}</w:numbering>',
        "word/media/a.png": "not read",
        "docProps/core.xml": '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/'
        'core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
        f"<dc:title>{escape(title)}</dc:title><dc:language>en-GB</dc:language>"
        "<dcterms:modified>2026-03-01T08:00:00Z</dcterms:modified></cp:coreProperties>",
    }
    return zipped({name: text.encode() for name, text in parts.items()} | (extra or {}))


def zipped(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


def paragraph(text: str, style: str = "", *, numbered: tuple[int, int] | None = None) -> str:
    """A paragraph; `numbered` is its list (1 bullets, 2 numbers) and level."""
    number = ""
    if numbered:
        number = f'<w:numPr><w:ilvl w:val="{numbered[1]}"/><w:numId w:val="{numbered[0]}"/></w:numPr>'
    styled = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{styled}{number}</w:pPr><w:r><w:t>{escape(text)}</w:t></w:r></w:p>"


def table(*rows: Sequence[str]) -> str:
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def picture(description: str) -> str:
    drawing = "http://schemas.openxmlformats.org/drawingml/2006"
    return (
        f'<w:p><w:r><w:drawing><wp:inline xmlns:wp="{drawing}/wordprocessingDrawing">'
        f'<wp:docPr id="1" name="p" descr="{escape(description)}"/><a:graphic xmlns:a="{drawing}/main"><a:graphicData>'
        f'<pic:pic xmlns:pic="{drawing}/picture"><pic:blipFill><a:blip r:embed="rId3"/></pic:blipFill></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )


def manual() -> bytes:
    """Three pages as a word processor prints them: headings, a table, lists, a broken word, running edges."""
    pages: list[list[Drawn]] = []
    for number in (1, 2, 3):
        edges = (
            Drawn(x=50, y=815, text="Northpeak manual", size=8),
            Drawn(x=280, y=20, text=f"Page {number} of 3", size=8),
        )
        pages.append(list(edges))
    pages[0] += [
        Drawn(x=50, y=760, text="Ridgeline 2 Tent", size=22, font="F2"),
        Drawn(x=50, y=720, text="Pitching", size=14, font="F2"),
        Drawn(x=50, y=700, text="The tent stands on its own. Choose a flat place with-"),
        Drawn(x=50, y=688, text="out stones and do not pitch it under self-supporting branches, which may"),
        Drawn(x=50, y=676, text="fall in a storm. A second sentence ends here."),
        Drawn(x=50, y=652, text="You need:"),
        *_items(636, "\x95", ("two poles", "eight pegs, of which the long ones hold", "one fly sheet")),
        Drawn(x=50, y=560, text="Weights", size=14, font="F2"),
        *_row(540, "Part", "Weight", "Material"),
        *_row(524, "Fly sheet", "900 g", "Nylon"),
        *_row(508, "Poles", "450 g", "Aluminium"),
        Drawn(x=50, y=470, text="The whole tent is packed in a bag that is made of the same fabric as"),
    ]
    pages[1] += [
        Drawn(x=50, y=760, text="the fly sheet and closes with a cord."),
        Drawn(x=50, y=730, text="Washing", size=14, font="F2"),
        *_items(710, "1.", ("Wipe it with luke-",)),
        Drawn(x=70, y=698, text="warm water."),
        *_items(682, "2.", ("Let it dry.",)),
        Drawn(x=50, y=650, text="tent --wash 30", font="F3"),
        Drawn(x=68, y=638, text="--dry", font="F3"),
        Drawn(x=50, y=600, text="Use 3 * 4 <b> pegs | never more."),
    ]
    pages[2] += [Drawn(x=50, y=760, text="A self-supporting tent needs no trees.")]
    return pdf(
        pages,
        info="/Title (Ridgeline manual) /ModDate (D:20260301093000+01'00')",
        catalog="/Lang (en-US)",
    )


def _items(y: float, mark: str, texts: Sequence[str]) -> list[Drawn]:
    found: list[Drawn] = []
    for at, text in enumerate(texts):
        found += [Drawn(x=55, y=y - 14 * at, text=mark), Drawn(x=70, y=y - 14 * at, text=text)]
    return found


def _row(y: float, *cells: str) -> list[Drawn]:
    return [Drawn(x=50 + 120 * at, y=y, text=cell) for at, cell in enumerate(cells)]


def _stream(page: Sequence[Drawn]) -> bytes:
    steps = [f"BT /{one.font} {one.size} Tf {one.x} {one.y} Td ({_quoted(one.text)}) Tj ET" for one in page]
    return zlib.compress("\n".join(steps).encode("cp1252", errors="replace"))


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").replace("\x95", "•")


def _relations(*targets: tuple[str, str]) -> str:
    links = "".join(
        f'<Relationship Id="rId{at}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(targets, start=1)
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>'
    )


def _file(objects: dict[int, bytes]) -> bytes:
    data = b"%PDF-1.7\n"
    offsets: dict[int, int] = {}
    for number, content in objects.items():
        offsets[number] = len(data)
        data += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(data)
    data += b"xref\n0 1\n0000000000 65535 f \n"
    data += b"".join(f"{number} 1\n{offset:010} 00000 n \n".encode() for number, offset in offsets.items())
    return data + f"trailer << /Root 1 0 R /Info 6 0 R /Size {max(objects) + 1} >>\nstartxref\n{start}\n%%EOF".encode()
