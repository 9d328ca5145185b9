"""In which order ECMA-376 (Part 1, SpreadsheetML) wants the children of an element.

Excel refuses a workbook whose parts break it («Wir haben ein Problem mit Inhalten gefunden»), other
programs mostly read on: what only Excel would find is found here. Listed are the sequences of the
types that our workbooks use; what a list does not name may not stand in that element at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import Element

MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(children.split())
    for name, children in {
        "worksheet": """sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr
            sheetProtection protectedRanges scenarios autoFilter sortState dataConsolidate
            customSheetViews mergeCells phoneticPr conditionalFormatting dataValidations hyperlinks
            printOptions pageMargins pageSetup headerFooter rowBreaks colBreaks customProperties
            cellWatches ignoredErrors smartTags drawing legacyDrawing legacyDrawingHF picture
            oleObjects controls webPublishItems tableParts extLst""",
        "workbook": """fileVersion fileSharing workbookPr workbookProtection bookViews sheets
            functionGroups externalReferences definedNames calcPr oleSize customWorkbookViews
            pivotCaches smartTagPr smartTagTypes webPublishing fileRecoveryPr webPublishObjects
            extLst""",
        "styleSheet": """numFmts fonts fills borders cellStyleXfs cellXfs cellStyles dxfs
            tableStyles colors extLst""",
        "sheetPr": "tabColor outlinePr pageSetUpPr",
        "sheetView": "pane selection pivotSelection extLst",
        "row": "c extLst",
        "c": "f v is extLst",
        "xf": "alignment protection extLst",
        "border": "start end left right top bottom diagonal vertical horizontal",
        "dxf": "font numFmt fill alignment border protection extLst",
        "cfRule": "formula colorScale dataBar iconSet extLst",
        "conditionalFormatting": "cfRule extLst",
        "dataValidation": "formula1 formula2",
        "headerFooter": "oddHeader oddFooter evenHeader evenFooter firstHeader firstFooter",
        "comments": "authors commentList extLst",
        "comment": "text commentPr",
        "si": "t r rPh phoneticPr",
    }.items()
}


def misplaced(root: Element) -> list[str]:
    """What stands where its element does not allow it, as ``parent/child``; cells are looked at by
    their first kind of disorder only.
    """
    found: dict[str, None] = {}
    for parent in root.iter():
        order = ORDER.get(parent.tag.removeprefix(MAIN))
        if order is None:
            continue
        last = -1
        for child in parent:
            name = child.tag.removeprefix(MAIN)
            at = order.index(name) if name in order else -1
            if at < last or at == -1:
                found[f"{parent.tag.removeprefix(MAIN)}/{name}"] = None
            last = max(last, at)
    return list(found)
