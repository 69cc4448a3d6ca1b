// SPDX-License-Identifier: Apache-2.0
package ib.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every test that {@code docs/verbs.md} names exists, and every row of its tables names one. */
class VerbsTableTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern REFERENCE = Pattern.compile("`(\\w+)#(\\w+)`");

  private final Map<String, String> sources = new HashMap<>();

  @Test
  void shouldNameTestsThatExist() throws IOException {
    String text = Files.readString(ROOT.resolve("docs/verbs.md"));
    List<String> missing = new ArrayList<>();
    List<MatchResult> references = REFERENCE.matcher(text).results().toList();
    readSources();
    for (MatchResult reference : references) {
      String source = sources.getOrDefault(reference.group(1) + ".java", "");
      if (!source.contains(" " + reference.group(2) + "(")) {
        missing.add(reference.group());
      }
    }
    assertThat(references).hasSizeGreaterThan(50);
    assertThat(missing).isEmpty();
  }

  @Test
  void shouldNameATestInEveryRow() throws IOException {
    List<String> rows =
        Files.readAllLines(ROOT.resolve("docs/verbs.md")).stream()
            .filter(line -> line.startsWith("| "))
            .filter(line -> !line.endsWith("| shown by |"))
            .toList();
    assertThat(rows).isNotEmpty().allMatch(row -> REFERENCE.matcher(row).find());
  }

  /** Tests are in source folders of rooms; nothing that a build made is looked at. */
  private void readSources() throws IOException {
    try (Stream<Path> rooms = Files.list(ROOT)) {
      for (Path room : rooms.filter(path -> Files.isDirectory(path.resolve("src"))).toList()) {
        try (Stream<Path> files = Files.walk(room.resolve("src"))) {
          files.filter(VerbsTableTest::isTest).forEach(this::read);
        }
      }
    }
  }

  private static boolean isTest(Path file) {
    String name = file.toString();
    return name.endsWith(".java") && !name.contains("/src/main/");
  }

  private void read(Path file) {
    try {
      sources.merge(file.getFileName().toString(), Files.readString(file), String::concat);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
