// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * The tests' own programs in the guest, brought into it through its shell: a change of one needs no
 * new image.
 */
final class GuestTools {
  /** Where they are in the guest; on the PATH, and empty after boot. */
  private static final String PLACE = "/opt/it/";

  private static final String END = "END-OF-FILE";

  private GuestTools() {}

  /** The command for the guest's shell that brings all files of a folder. */
  static String install(Path folder) throws InteropException {
    try (Stream<Path> files = Files.list(folder)) {
      StringBuilder script = new StringBuilder();
      for (Path file : files.sorted().toList()) {
        String to = PLACE + file.getFileName();
        script
            .append("cat >")
            .append(to)
            .append(" <<'" + END + "'\n")
            .append(Files.readString(file))
            .append(END + "\nchmod 755 ")
            .append(to)
            .append('\n');
      }
      return "base64 -d <<'" + END + "' | gzip -d | sh\n" + packed(script.toString()) + "\n" + END;
    } catch (IOException e) {
      throw new InteropException("can't read the guest's tools: " + e, e);
    }
  }

  /** In short lines of text, as a terminal carries it. */
  private static String packed(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return Base64.getMimeEncoder(76, new byte[] {'\n'}).encodeToString(bytes.toByteArray());
  }
}
