// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.command;

import java.util.ArrayList;
import java.util.List;

/** Rows of text in columns as wide as their longest word; notes below a row go as they are. */
final class TextTable {
  private record Line(boolean note, List<String> cells) {}

  private final List<Line> lines = new ArrayList<>();

  TextTable(String... heads) {
    row(heads);
  }

  void row(String... cells) {
    lines.add(new Line(false, List.of(cells)));
  }

  /** A line that belongs to the row above. */
  void note(String text) {
    lines.add(new Line(true, List.of(text)));
  }

  @Override
  public String toString() {
    List<Integer> widths = widths();
    StringBuilder text = new StringBuilder();
    for (Line line : lines) {
      StringBuilder out = new StringBuilder(line.note ? "    " : "");
      for (int i = 0; i < line.cells.size(); i++) {
        String cell = line.cells.get(i);
        out.append(cell);
        if (!line.note) {
          out.repeat(' ', widths.get(i) - cell.length() + 2);
        }
      }
      text.append(out.toString().stripTrailing()).append('\n');
    }
    return text.toString().stripTrailing();
  }

  private List<Integer> widths() {
    List<Integer> widths = new ArrayList<>();
    for (Line line : lines) {
      for (int i = 0; !line.note && i < line.cells.size(); i++) {
        if (i == widths.size()) {
          widths.add(0);
        }
        widths.set(i, Math.max(widths.get(i), line.cells.get(i).length()));
      }
    }
    return widths;
  }
}
