// SPDX-License-Identifier: Apache-2.0
package ib.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Lines over named places, on a logarithmic scale, as SVG. */
public final class Plot {
  private static final int WIDTH = 860;
  private static final int HEIGHT = 460;
  private static final int LEFT = 70;
  private static final int RIGHT = 190;
  private static final int TOP = 40;
  private static final int BOTTOM = 50;
  private static final String[] COLOURS = {
    "#1b6ca8", "#2e8b57", "#8fbc3f", "#c0392b", "#e08e45", "#7d4f9e", "#777777", "#111111"
  };

  /**
   * A line.
   *
   * @param name shown at its end
   * @param values one for each place, NaN where there is none
   * @param dashed true for what others are held against
   */
  private record Line(String name, List<Double> values, boolean dashed) {}

  private final String title;
  private final String unit;
  private final List<String> places;
  private final List<Line> lines = new ArrayList<>();

  /**
   * Creates an empty plot.
   *
   * @param title above it
   * @param unit of the values
   * @param places along the horizontal axis, at least two
   */
  public Plot(String title, String unit, List<String> places) {
    this.title = title;
    this.unit = unit;
    this.places = List.copyOf(places);
  }

  /**
   * Adds a line.
   *
   * @param name shown at its end
   * @param values one for each place, NaN where there is none
   * @param dashed true for what others are held against
   */
  public void add(String name, List<Double> values, boolean dashed) {
    lines.add(new Line(name, List.copyOf(values), dashed));
  }

  /** The picture. */
  public String svg() {
    double least = Math.floor(Math.log10(values().min().orElse(1)));
    double most = Math.max(least + 1, Math.ceil(Math.log10(values().max().orElse(10))));
    StringBuilder out = new StringBuilder();
    out.append(
        form(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">%n",
            WIDTH, HEIGHT, WIDTH, HEIGHT));
    out.append(form("<rect width=\"%d\" height=\"%d\" fill=\"white\"/>%n", WIDTH, HEIGHT));
    out.append(form("<text x=\"%d\" y=\"22\" font-size=\"15\">%s</text>%n", LEFT, escape(title)));
    grid(out, least, most);
    List<Double> taken = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      draw(out, lines.get(i), COLOURS[i % COLOURS.length], least, most, taken);
    }
    return out.append("</svg>").append(System.lineSeparator()).toString();
  }

  private java.util.stream.DoubleStream values() {
    return lines.stream()
        .flatMap(line -> line.values.stream())
        .mapToDouble(Double::doubleValue)
        .filter(value -> value > 0);
  }

  private void grid(StringBuilder out, double least, double most) {
    for (double power = least; power <= most; power++) {
      for (int digit = 1; digit < 10 && (digit == 1 || power < most); digit++) {
        double value = digit * Math.pow(10, power);
        double y = y(value, least, most);
        out.append(
            form(
                "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"%s\"/>%n",
                LEFT, y, WIDTH - RIGHT, y, digit == 1 ? "#bbbbbb" : "#eeeeee"));
        if (digit == 1) {
          out.append(
              form(
                  "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s %s</text>%n",
                  LEFT - 6, y + 4, value < 1 ? Spread.number(value) : form("%.0f", value), unit));
        }
      }
    }
    for (int i = 0; i < places.size(); i++) {
      out.append(
          form(
              "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
              x(i), HEIGHT - BOTTOM + 22, escape(places.get(i))));
    }
  }

  private void draw(
      StringBuilder out, Line line, String colour, double least, double most, List<Double> taken) {
    StringBuilder points = new StringBuilder();
    double last = Double.NaN;
    for (int i = 0; i < places.size(); i++) {
      double value = line.values.get(i);
      if (value > 0) {
        last = y(value, least, most);
        points.append(form("%.1f,%.1f ", x(i), last));
        out.append(
            form(
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"><title>%s, %s: %s %s</title></circle>%n",
                x(i),
                last,
                colour,
                escape(line.name),
                escape(places.get(i)),
                Spread.number(value),
                unit));
      }
    }
    if (Double.isNaN(last)) {
      return;
    }
    out.append(
        form(
            "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s points=\"%s\"/>%n",
            colour, line.dashed ? " stroke-dasharray=\"6 4\"" : "", points.toString().strip()));
    double label = free(last, taken);
    out.append(
        form(
            "<text x=\"%d\" y=\"%.1f\" fill=\"%s\">%s</text>%n",
            WIDTH - RIGHT + 10, label + 4, colour, escape(line.name)));
  }

  /** A height for a label at which there is none yet. */
  private static double free(double wanted, List<Double> taken) {
    double at = wanted;
    for (int step = 1; overlaps(at, taken); step++) {
      at = wanted + (step % 2 == 0 ? -7.0 : 7.0) * ((step + 1) / 2);
    }
    taken.add(at);
    return at;
  }

  private static boolean overlaps(double at, List<Double> taken) {
    return taken.stream().anyMatch(other -> Math.abs(other - at) < 14);
  }

  private double x(int place) {
    double width = WIDTH - LEFT - RIGHT - 40;
    return LEFT + 20 + width * place / Math.max(1, places.size() - 1);
  }

  private static double y(double value, double least, double most) {
    double height = HEIGHT - TOP - BOTTOM;
    return TOP + height * (most - Math.log10(value)) / (most - least);
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;");
  }

  private static String form(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
