// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

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
  private static final Pattern FORM =
      Pattern.compile("(\\d{1,3})=(?:file:(.+?)(?:,(\\d+[KMG]?))?|ram:(\\d+[KMG]?))");

  static LunSpec parse(String text) throws SrptConfigException {
    Matcher m = FORM.matcher(text.strip());
    if (!m.matches() || Integer.parseInt(m.group(1)) > 255) {
      throw new SrptConfigException(
          "'"
              + text
              + "' is no logical unit; write N=file:PATH, N=file:PATH,SIZE or N=ram:SIZE with N from 0 to 255, e.g. 0=ram:64M");
    }
    int lun = Integer.parseInt(m.group(1));
    if (m.group(4) != null) {
      return new LunSpec(lun, null, size(m.group(4)));
    }
    return new LunSpec(lun, Path.of(m.group(2)), m.group(3) == null ? 0 : size(m.group(3)));
  }

  Backing open(int blockSize) throws IOException {
    Path file = path;
    if (file == null) {
      return new RamBacking(sizeBytes / blockSize * blockSize);
    }
    return FileBacking.open(file, sizeBytes, blockSize);
  }

  static long size(String text) throws SrptConfigException {
    char unit = text.charAt(text.length() - 1);
    int shift =
        switch (unit) {
          case 'K' -> 10;
          case 'M' -> 20;
          case 'G' -> 30;
          default -> 0;
        };
    try {
      long value = Long.parseLong(shift == 0 ? text : text.substring(0, text.length() - 1));
      long bytes = Math.multiplyExact(value, 1L << shift);
      if (bytes >= 4096) {
        return bytes;
      }
    } catch (NumberFormatException | ArithmeticException e) {
      throw new SrptConfigException(
          "size '" + text + "' is too large; give bytes, or a number with K, M or G", e);
    }
    throw new SrptConfigException("size '" + text + "' is too small; give 4K or more");
  }
}
