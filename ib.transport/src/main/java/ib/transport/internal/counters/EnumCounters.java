// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.counters;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * One counter for each constant of an enumeration. Any thread reads; see each method for who
 * writes.
 *
 * @param <E> names the counters
 */
@SuppressWarnings(
    "EnumOrdinal") // the ordinal is an index into an array that lives no longer than the
// enumeration
public final class EnumCounters<E extends Enum<E>> {
  private final AtomicLongArray values;

  /** Makes counters that begin at 0. */
  public EnumCounters(Class<E> names) {
    values = new AtomicLongArray(names.getEnumConstants().length);
  }

  /** Reads a counter. */
  public long get(E name) {
    return values.get(name.ordinal());
  }

  /** Adds to a counter that one thread at a time writes: a plain store. */
  public void add(E name, long n) {
    int i = name.ordinal();
    values.setRelease(i, values.getPlain(i) + n);
  }

  /** Adds to a counter that several threads write. */
  public void addShared(E name, long n) {
    values.getAndAdd(name.ordinal(), n);
  }
}
