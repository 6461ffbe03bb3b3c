# SPDX-License-Identifier: MIT
"""What a JSON schema cannot say of an SPDX 2.3 document: identifiers, references, licences."""

import re

TOKEN = re.compile(r"\s*([()]|[A-Za-z0-9.:-]+\+?)")


def faults(document, known=None):
    found = []
    items = document.get("packages", []) + document.get("files", [])
    ids = [document["SPDXID"], *(item["SPDXID"] for item in items)]
    found += [f"{i} is listed twice" for i in sorted({i for i in ids if ids.count(i) > 1})]
    described = set()
    for r in document.get("relationships", []):
        ends = r["spdxElementId"], r["relatedSpdxElement"]
        found += [f"relationship to {end}, which is not there" for end in ends
                  if end not in ids and end not in ("NONE", "NOASSERTION")]
        if r["relationshipType"] == "DESCRIBES" and ends[0] == "SPDXRef-DOCUMENT":
            described.add(ends[1])
    if len(items) > 1 and not described:
        found.append("the document describes nothing")
    own = {i["licenseId"] for i in document.get("hasExtractedLicensingInfos", [])}
    for item in items:
        for field in ("licenseConcluded", "licenseDeclared"):
            found += [f"{item['SPDXID']} {field}: {f}" for f in
                      expression(item.get(field, "NOASSERTION"), own, known)]
        # Without files, there is no verification code; filesAnalyzed is true when it is missing.
        if item.get("filesAnalyzed", True) and "packageVerificationCode" not in item:
            found.append(f"{item['SPDXID']}: filesAnalyzed is not false, and no verification code")
    return found


def expression(text, own, known):
    if text in ("NONE", "NOASSERTION"):
        return []
    tokens, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if not match:
            return [f"cannot read {text!r}"]
        tokens.append(match[1])
        at = match.end()
    shape = "".join({"(": "(", ")": ")", "AND": "&", "OR": "&", "WITH": "w"}.get(t, "i")
                    for t in tokens)
    while (less := re.sub(r"iwi|i&i|\(i\)", "i", shape)) != shape:
        shape = less
    found = [] if shape == "i" else [f"not an expression: {text!r}"]
    exception = False
    for token in tokens:
        if token.startswith("LicenseRef-"):
            found += [] if token in own else [f"{token} has no extracted text"]
        elif token not in ("(", ")", "AND", "OR", "WITH") and not exception and known:
            name = token.removesuffix("+")
            found += [] if name in known or token in known else [f"unknown licence {token}"]
        exception = token == "WITH"
    return found
