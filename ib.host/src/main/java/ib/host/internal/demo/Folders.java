// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import ib.host.internal.restamp.Restamp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * The folders that File Install watches. Every file arrives by a rename, so that a half-written one
 * is never seen.
 *
 * @param deploy bundles
 * @param etc configurations
 * @param staging on the same file system, watched by nobody
 */
record Folders(Path deploy, Path etc, Path staging) {
  /**
   * Puts a bundle into the deploy folder with another version; replaces a file of that name in
   * place.
   */
  void deploy(Path jar, String fileName, String version) throws IOException {
    Path half = staging.resolve(fileName);
    Restamp.copy(jar, half, version);
    Files.move(
        half,
        deploy.resolve(fileName),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  void remove(String fileName) throws IOException {
    Files.deleteIfExists(deploy.resolve(fileName));
  }

  /** Writes a factory configuration; values are strings, integers or string arrays. */
  void configure(String pid, String instance, Map<String, ?> values) throws IOException {
    write(pid + "-" + instance + ".config", values);
  }

  /** Writes the configuration of a PID that is no factory's. */
  void configure(String pid, Map<String, ?> values) throws IOException {
    write(pid + ".config", values);
  }

  private void write(String fileName, Map<String, ?> values) throws IOException {
    StringBuilder text = new StringBuilder();
    new TreeMap<>(values)
        .forEach(
            (key, value) ->
                text.append(key).append(" = ").append(quote(value)).append(System.lineSeparator()));
    Path half = staging.resolve(fileName);
    Files.writeString(half, text, StandardCharsets.UTF_8);
    Files.move(
        half,
        etc.resolve(fileName),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  void unconfigure(String pid, String instance) throws IOException {
    Files.deleteIfExists(etc.resolve(pid + "-" + instance + ".config"));
  }

  private static String quote(Object value) {
    if (value instanceof String[] many) {
      return "[ "
          + String.join(", ", java.util.Arrays.stream(many).map(Folders::quote).toList())
          + " ]";
    }
    if (value instanceof Integer) {
      return "I\"" + value + "\"";
    }
    String escaped =
        String.valueOf(value).replace("\\", "\\\\").replace("\"", "\\\"").replace("=", "\\=");
    return "\"" + escaped + "\"";
  }
}
