# SPDX-License-Identifier: Apache-2.0
"""What came of the mutants, as numbers and as text."""
from collections import Counter


def summary_of(mutants, known, digest_of, excused):
    rows = []
    for mutant in mutants:
        record = known.get(digest_of(mutant))
        if not record:
            continue
        row = {k: v for k, v in record.items() if k != "digest"}
        if record["outcome"] == "survived" and mutant.key in excused:
            row["outcome"], row["reason"] = excused[mutant.key]
        rows.append(row)
    count = Counter(row["outcome"] for row in rows)
    seen = count["killed"] + count["survived"]  # and weak ones nobody here can see
    judged = seen + count["weak"]
    return {
        "mutants": len(mutants), "run": len(rows), "killed": count["killed"], "survived": count["survived"],
        "weak": count["weak"], "equivalent": count["equivalent"], "uncompiled": count["uncompiled"], "failed": count["failed"],
        "percent": round(100 * count["killed"] / judged, 1) if judged else 0.0,
        "percent_but_weak": round(100 * count["killed"] / seen, 1) if seen else 0.0,
        "by": dict(Counter(row["by"] for row in rows if row["outcome"] == "killed").most_common()),
        "rules": dict(sorted(Counter(row["rule"] for row in rows if row["outcome"] == "killed").items())),
        "rows": rows,
    }


def print_table(summary):
    rows = summary["rows"]
    outcomes = ("killed", "survived", "weak", "equivalent", "uncompiled", "failed")
    print(f"{'':14}" + "".join(f"{outcome:>12}" for outcome in outcomes))
    for title, field in (("kind", "kind"), ("file", "file")):
        for name in sorted({row[field] for row in rows}):
            count = Counter(row["outcome"] for row in rows if row[field] == name)
            print(f"{name:14}" + "".join(f"{count[outcome]:12}" for outcome in outcomes))
        print("" if title == "kind" else f"{'all':14}" + "".join(f"{summary[outcome]:12}" for outcome in outcomes))
    print("killed by " + ", ".join(f"{by} {n}" for by, n in summary["by"].items()))
    print("rules     " + ", ".join(f"{rule} {n}" for rule, n in summary["rules"].items()))
    for row in rows:
        if row["outcome"] in ("survived", "failed"):
            print(f"\n{row['outcome']}: {row['file']} {row['function']} {row['kind']}\n- {row['before']}\n"
                  f"+ {row['after']}" + (f"\n{row['message']}" if "message" in row else ""))
    print(f"\n{summary['run']} of {summary['mutants']} mutants run: {summary['killed']} killed of "
          f"{summary['killed'] + summary['survived'] + summary['weak']} that are not equivalent, {summary['percent']} %; "
          f"without those that take a weakly ordered machine, {summary['percent_but_weak']} %")
