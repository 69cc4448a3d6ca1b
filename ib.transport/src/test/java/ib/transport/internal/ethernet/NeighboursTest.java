// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who is remembered on a link, and who is not, when somebody makes up addresses. */
class NeighboursTest {
  private static final long FRIEND = 1;
  private static final long MAC = 0x0200_0000_0001L;
  private static final int STRANGERS = 4 * Neighbours.MOST;

  private final List<Long> lost = new ArrayList<>();
  private final List<Long> asked = new ArrayList<>();
  private long nowNs = 1;
  private final Neighbours neighbours =
      new Neighbours(
          new Neighbours.Actions() {
            @Override
            public void ask(Neighbour neighbour) {
              asked.add(neighbour.low);
            }

            @Override
            public void resolved(Neighbour neighbour) {}

            @Override
            public void lost(Neighbour neighbour) {
              lost.add(neighbour.low);
            }
          });

  private void befriend() {
    assertThat(neighbours.use(0, FRIEND, nowNs).mac).isZero();
    neighbours.heard(0, FRIEND, MAC, false, true, nowNs);
    asked.clear();
  }

  private void stillKnown() {
    assertThat(neighbours.size()).isEqualTo(Neighbours.MOST);
    assertThat(lost).doesNotContain(FRIEND);
    assertThat(neighbours.use(0, FRIEND, nowNs).mac).isEqualTo(MAC);
    assertThat(asked).doesNotContain(FRIEND);
  }

  @Test
  void shouldKeepWhoIsTalkedToWhenManyAskForUs() {
    befriend();
    for (int i = 0; i < STRANGERS; i++) {
      nowNs++;
      neighbours.heard(0, 100 + i, MAC + i, true, true, nowNs);
    }
    stillKnown();
    assertThat(neighbours.use(0, 100 + STRANGERS - 1, nowNs).mac)
        .as("who asked last is the likeliest to be talked to")
        .isNotZero();
  }

  @Test
  void shouldKeepWhoAnswersWhenManyAreCalledThatDoNotExist() {
    befriend();
    for (int i = 0; i < STRANGERS; i++) {
      nowNs++;
      neighbours.use(0, 100 + i, nowNs);
    }
    stillKnown();
  }

  @Test
  void shouldPushNobodyOutForWhoOnlyAsksWhenAllAreTalkedTo() {
    for (int i = 0; i < Neighbours.MOST; i++) {
      nowNs++;
      neighbours.use(0, i, nowNs);
      neighbours.heard(0, i, MAC, false, true, nowNs);
    }
    neighbours.heard(0, 1000, MAC, true, true, nowNs);
    assertThat(lost).isEmpty();
    neighbours.use(0, 1001, nowNs);
    assertThat(lost).as("who is used least lately makes room for who is used").containsExactly(0L);
  }

  @Test
  void shouldAskAboutAnAddressThatIsNotToBeReplaced() {
    befriend();
    neighbours.heard(0, FRIEND, MAC + 1, false, false, nowNs);
    assertThat(asked).isEmpty();
    assertThat(neighbours.use(0, FRIEND, nowNs).mac).isEqualTo(MAC);
    assertThat(asked).containsExactly(FRIEND);
    neighbours.heard(0, FRIEND, MAC + 2, false, true, nowNs);
    assertThat(neighbours.use(0, FRIEND, nowNs).mac).isEqualTo(MAC + 2);
  }
}
