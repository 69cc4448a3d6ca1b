// SPDX-License-Identifier: Apache-2.0
package ib.bench.dma;

import ib.bench.report.Report;
import ib.bench.report.Series;
import java.util.Optional;

/** What the figures of this group are called. */
final class DmaNames {
  static final String GROUP = "dma";
  static final String TWO_THREADS = ", 2 threads";
  static final String CLEAN = ", clean";

  private DmaNames() {}

  static String size(int bytes) {
    if (bytes >= 1 << 20) {
      return (bytes >> 20) + " MiB";
    }
    return bytes >= 1 << 10 ? (bytes >> 10) + " KiB" : bytes + " B";
  }

  /** Of map and unmap. */
  static String map(String mode, int bytes, String sites, int threads) {
    return "map "
        + mode
        + " "
        + size(bytes)
        + (sites.equals(DmaSite.CLEAN) ? CLEAN : "")
        + (threads == 1 ? "" : TWO_THREADS);
  }

  static String sync(String mode, int bytes) {
    return "sync " + mode + " " + size(bytes);
  }

  static String list(String mode, int entries) {
    return "sg " + mode + " " + entries;
  }

  static String coherent(String mode) {
    return "coherent " + mode;
  }

  static String resolve(String mode) {
    return "resolve " + mode;
  }

  static String allocated(String mode) {
    return "allocated " + mode;
  }

  static String speedUp(String mode, String sites) {
    return "speed-up " + mode + (sites.equals(DmaSite.CLEAN) ? CLEAN : "");
  }

  static String churn(String mode, int live) {
    return "churn " + mode + " " + live;
  }

  static String bytesEach(String mode) {
    return "bytes each " + mode;
  }

  static String limitCall(String sites) {
    return "limit: call" + (sites.equals(DmaSite.CLEAN) ? CLEAN : "");
  }

  static String limitPage(int threads) {
    return "limit: bitmap page" + (threads == 1 ? "" : TWO_THREADS);
  }

  static String limitCopy(int bytes) {
    return "limit: copy " + size(bytes);
  }

  /** The figure of that name, if it was measured. */
  static Optional<Series> find(Report report, String name) {
    return report.series().stream()
        .filter(s -> s.group().equals(GROUP) && s.name().equals(name))
        .findFirst();
  }
}
