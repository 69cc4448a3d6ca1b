// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

/**
 * The responder resources of atomic operations (specification 9.4.5): what was there before each of
 * the last ones, so that a duplicate is answered and not executed again. As many as the peer may
 * have outstanding.
 */
final class SavedAtomics {
  private static final int SIZE = 256;

  private final int[] psn = new int[SIZE];
  private final long[] original = new long[SIZE];
  private int limit;
  private int count;
  private int next;
  private int found;

  void start(int maxAtomics) {
    clear();
    limit = maxAtomics;
  }

  void limit(int maxAtomics) {
    limit = maxAtomics;
    count = Math.min(limit, count);
  }

  void clear() {
    count = 0;
    next = 0;
  }

  void add(int atPsn, long value) {
    psn[next] = atPsn;
    original[next] = value;
    next = (next + 1) & (SIZE - 1);
    count = Math.min(limit, count + 1);
  }

  /** Looks for the newest of a PSN; {@link #original} is its value then. */
  boolean find(int atPsn) {
    for (int i = 1; i <= count; i++) {
      found = (next - i) & (SIZE - 1);
      if (psn[found] == atPsn) {
        return true;
      }
    }
    return false;
  }

  long original() {
    return original[found];
  }
}
