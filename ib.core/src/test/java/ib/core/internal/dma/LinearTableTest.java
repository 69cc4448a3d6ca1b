// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LinearTableTest {
  private final LinearTable table = new LinearTable();

  private boolean holds(Mapping piece) {
    LinearTable.Part part = table.part(piece.address);
    for (Mapping one = part.chain(piece.address); one != null; one = one.nextInBucket) {
      if (one == piece) {
        return true;
      }
    }
    return false;
  }

  @Test
  void shouldFindWhatIsInItAndNothingElse() {
    long seed = 1937;
    Random random = new Random(seed);
    List<Mapping> in = new ArrayList<>();
    for (int step = 0; step < 20_000; step++) {
      if (in.isEmpty() || random.nextInt(3) != 0) {
        Mapping piece = new Mapping(step);
        piece.address = 0x4000_0000L + random.nextInt(500) * 64L;
        table.part(piece.address).add(piece);
        in.add(piece);
        assertThat(holds(piece)).as("seed %d step %d", seed, step).isTrue();
      } else {
        Mapping piece = in.remove(random.nextInt(in.size()));
        table.part(piece.address).remove(piece);
        assertThat(holds(piece)).as("seed %d step %d", seed, step).isFalse();
        assertThat(piece.nextInBucket).isNull();
      }
    }
    assertThat(in).allMatch(this::holds);
  }

  /** Chains stay short, or a million mappings would be slower to undo than a thousand. */
  @Test
  void shouldSpreadPiecesOverBucketsAsItGrows() {
    int pieces = 200_000;
    for (int i = 0; i < pieces; i++) {
      Mapping piece = new Mapping(i);
      piece.address = 0x4000_0000_0000L + i * 256L;
      table.part(piece.address).add(piece);
    }
    int longest = 0;
    for (int i = 0; i < pieces; i++) {
      long address = 0x4000_0000_0000L + i * 256L;
      int length = 0;
      for (Mapping one = table.part(address).chain(address); one != null; one = one.nextInBucket) {
        length++;
      }
      longest = Math.max(longest, length);
    }
    assertThat(longest).isLessThan(16);
  }
}
