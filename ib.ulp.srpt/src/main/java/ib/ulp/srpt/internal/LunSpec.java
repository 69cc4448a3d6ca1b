// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.config.ConfigReader;
import ib.ulp.srpt.internal.scsi.Backing;
import ib.ulp.srpt.internal.scsi.FileBacking;
import ib.ulp.srpt.internal.scsi.RamBacking;
import java.io.IOException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a list of logical units: {@code 0=file:PATH}, {@code 0=file:PATH,SIZE} (made with
 * that size if it is not there) or {@code 1=ram:SIZE}. Sizes take K, M, G.
 *
 * @param lun number 0 to 255
 * @param path file, or null for RAM
 * @param sizeBytes size of RAM, or to make the file with; 0 to require the file
 */
record LunSpec(int lun, @Nullable Path path, long sizeBytes) {
  private static final long LEAST_BYTES = 4096;

  private static final Pattern FORM =
      Pattern.compile("(\\d{1,3})=(?:file:(.+?)(?:,(\\d+[KMG]?))?|ram:(\\d+[KMG]?))");

  private static final String KEY = "luns";

  static LunSpec parse(ConfigReader in, String text) {
    Matcher m = FORM.matcher(text.strip());
    if (!m.matches() || Integer.parseInt(m.group(1)) > 255) {
      throw in.refuse(
          KEY,
          "has '" + text + "', which is no logical unit",
          "write N=file:PATH, N=file:PATH,SIZE or N=ram:SIZE with N from 0 to 255, e.g. 0=ram:64M");
    }
    int lun = Integer.parseInt(m.group(1));
    if (m.group(4) != null) {
      return new LunSpec(lun, null, size(in, m.group(4)));
    }
    return new LunSpec(lun, Path.of(m.group(2)), m.group(3) == null ? 0 : size(in, m.group(3)));
  }

  Backing open(int blockSize) throws IOException {
    Path file = path;
    if (file == null) {
      return ram(sizeBytes / blockSize * blockSize);
    }
    return FileBacking.open(file, sizeBytes, blockSize);
  }

  private static Backing ram(long bytes) throws IOException {
    try {
      return new RamBacking(bytes);
    } catch (OutOfMemoryError e) {
      throw new IOException("there is no memory for ram:" + bytes + "; give less, or a file", e);
    }
  }

  private static long size(ConfigReader in, String text) {
    char unit = text.charAt(text.length() - 1);
    int shift =
        switch (unit) {
          case 'K' -> 10;
          case 'M' -> 20;
          case 'G' -> 30;
          default -> 0;
        };
    long bytes;
    try {
      long value = Long.parseLong(shift == 0 ? text : text.substring(0, text.length() - 1));
      bytes = Math.multiplyExact(value, 1L << shift);
    } catch (NumberFormatException | ArithmeticException e) {
      throw in.refuse(
          KEY,
          "has the size '" + text + "', which is too large",
          "give bytes, or a number with K, M or G");
    }
    if (bytes < LEAST_BYTES) {
      throw in.refuse(KEY, "has the size '" + text + "', which is too small", "give 4K or more");
    }
    return bytes;
  }
}
