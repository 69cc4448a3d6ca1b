// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds pieces by address where many may lie one over the other. One sorted map for each power of
 * two of the length bounds how far before an address a piece that holds it can begin. Not
 * thread-safe.
 */
final class RangeIndex {
  private static final Comparator<Key> ORDER =
      ((Comparator<Key>) (a, b) -> Long.compareUnsigned(a.start, b.start))
          .thenComparingLong(Key::serial);

  private record Key(long start, long serial) {}

  private final List<@Nullable TreeMap<Key, Piece>> classes = new ArrayList<>();

  private static int classOf(long lengthBytes) {
    return Long.SIZE - 1 - Long.numberOfLeadingZeros(Math.max(1, lengthBytes));
  }

  void add(long start, Piece piece) {
    int number = classOf(piece.lengthBytes);
    while (classes.size() <= number) {
      classes.add(null);
    }
    TreeMap<Key, Piece> map = classes.get(number);
    if (map == null) {
      map = new TreeMap<>(ORDER);
      classes.set(number, map);
    }
    map.put(new Key(start, piece.serial), piece);
  }

  void remove(long start, Piece piece) {
    int number = classOf(piece.lengthBytes);
    TreeMap<Key, Piece> map = number < classes.size() ? classes.get(number) : null;
    if (map != null) {
      map.remove(new Key(start, piece.serial));
    }
  }

  /**
   * Looks for the newest piece that has a byte of a range.
   *
   * @param first first byte of the range
   * @param lengthBytes of the range, at least 1
   * @param accepts further condition
   * @return null if there is none
   */
  @Nullable Piece newest(long first, long lengthBytes, Predicate<Piece> accepts) {
    long last = first + Math.max(1, lengthBytes) - 1;
    Piece best = null;
    for (int number = 0; number < classes.size(); number++) {
      TreeMap<Key, Piece> map = classes.get(number);
      if (map == null || map.isEmpty()) {
        continue;
      }
      long reach = number >= Long.SIZE - 2 ? Long.MAX_VALUE : (2L << number) - 1;
      long earliest = Long.compareUnsigned(first, reach) < 0 ? 0 : first - reach;
      for (Piece piece :
          map.subMap(new Key(earliest, Long.MIN_VALUE), true, new Key(last, Long.MAX_VALUE), true)
              .values()) {
        if ((best == null || piece.serial > best.serial) && accepts.test(piece)) {
          best = piece;
        }
      }
    }
    return best;
  }

  /** All pieces that begin at an address, the newest last. */
  List<Piece> at(long start) {
    List<Piece> found = new ArrayList<>();
    for (TreeMap<Key, Piece> map : classes) {
      if (map != null) {
        found.addAll(
            map.subMap(new Key(start, Long.MIN_VALUE), true, new Key(start, Long.MAX_VALUE), true)
                .values());
      }
    }
    found.sort(Comparator.comparingLong(piece -> piece.serial));
    return found;
  }

  void forEach(java.util.function.Consumer<Piece> action) {
    for (TreeMap<Key, Piece> map : classes) {
      if (map != null) {
        map.values().forEach(action);
      }
    }
  }
}
