// SPDX-License-Identifier: Apache-2.0
package ib.bench.report;

/** What a figure counts. */
public enum Unit {
  /** 10^9 bytes of payload a second. */
  GB_PER_S("GB/s"),
  /** Thousand operations a second. */
  KILO_OPS("k/s"),
  /** Nanoseconds. */
  NANOS("ns"),
  /** Bytes. */
  BYTES("B"),
  /** A ratio. */
  TIMES("x"),
  /** Microseconds. */
  MICROS("us"),
  /** Milliseconds. */
  MILLIS("ms");

  private final String symbol;

  Unit(String symbol) {
    this.symbol = symbol;
  }

  /** The unit as it is written. */
  public String symbol() {
    return symbol;
  }
}
