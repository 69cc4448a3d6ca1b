// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import java.util.Locale;

/**
 * What is to be seen when nothing is mapped.
 *
 * @param seconds since the beginning
 * @param operations of all threads so far
 * @param refusals maps that failed for lack of room so far
 * @param heapBytes used after a collection
 * @param live mappings of all devices, the drivers' own included
 * @param poolBytes memory of the pool in use
 * @param reports of debug so far
 * @param unwatched mappings that debug did not watch
 */
record StressReading(
    double seconds,
    long operations,
    long refusals,
    long heapBytes,
    long live,
    long poolBytes,
    long reports,
    long unwatched) {
  static final String HEAD =
      "   seconds    operations   no room  heap KiB   live  pool KiB  reports  not watched";

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%10.1f  %12d  %8d  %8d  %5d  %8d  %7d  %11d",
        seconds,
        operations,
        refusals,
        heapBytes >> 10,
        live,
        poolBytes >> 10,
        reports,
        unwatched);
  }
}
