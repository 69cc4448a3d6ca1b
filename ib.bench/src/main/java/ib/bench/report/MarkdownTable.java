// SPDX-License-Identifier: Apache-2.0
package ib.bench.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A table for a page of documentation. */
public final class MarkdownTable {
  private final List<String> lines = new ArrayList<>();

  /** Begins a table with its headings. */
  public MarkdownTable(String... headings) {
    row(headings);
    row(Collections.nCopies(headings.length, "---").toArray(String[]::new));
  }

  /** Adds a row. */
  public void row(String... cells) {
    lines.add("| " + String.join(" | ", cells) + " |");
  }

  @Override
  public String toString() {
    return String.join("\n", lines) + "\n";
  }
}
