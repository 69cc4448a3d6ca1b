// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.wire.Wire;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class FaultyLineTest {
  private static final int LENGTH = 100;
  private static final int MARK = 60;
  private static final int FRAMES = 5000;

  private final MemorySegment frame = Arena.ofAuto().allocate(LENGTH);

  private static FaultyLine line(String faults) {
    Faults parsed = Faults.parse(faults);
    return new FaultyLine(parsed, parsed.seed(), 128);
  }

  private void offer(FaultyLine line, int mark, boolean roce) {
    Frames.write(frame, 0, 1, 2, roce ? Frames.IPV4 : Frames.ARP);
    Wire.u16(frame, Frames.LENGTH + Ipv4.LENGTH + 2, 4791);
    Wire.u32(frame, MARK, mark);
    line.offer(frame, 0, LENGTH, mark);
  }

  private static void drain(FaultyLine line, List<Integer> marks) {
    FrameQueue ready = line.ready();
    while (!ready.isEmpty()) {
      assertThat(ready.headLength()).isEqualTo(LENGTH);
      marks.add(Wire.u32(ready.memory(), ready.headOffset() + MARK));
      ready.removeHead();
    }
  }

  private List<Integer> run(String faults, boolean roce) {
    FaultyLine line = line(faults);
    List<Integer> marks = new ArrayList<>();
    for (int i = 0; i < FRAMES; i++) {
      offer(line, i, roce);
      drain(line, marks);
    }
    return marks;
  }

  @Test
  void shouldDoTheSameForTheSameSeed() {
    String faults = "loss=10%,duplicate=5%,reorder=5%,corrupt=1%,seed=";
    assertThat(run(faults + 7, true)).isEqualTo(run(faults + 7, true));
    assertThat(run(faults + 7, true)).isNotEqualTo(run(faults + 8, true));
  }

  @Test
  void shouldLoseAsManyAsWanted() {
    assertThat(run("loss=10%,seed=1", true).size()).isBetween(FRAMES * 88 / 100, FRAMES * 92 / 100);
    assertThat(run("loss=100%", true)).isEmpty();
  }

  @Test
  void shouldDoubleSome() {
    List<Integer> marks = run("duplicate=10%,seed=1", true);
    assertThat(marks.size()).isBetween(FRAMES * 108 / 100, FRAMES * 112 / 100);
    assertThat(new HashSet<>(marks)).hasSize(FRAMES);
    assertThat(marks).isSorted();
  }

  @Test
  void shouldLetSomeOvertakeAndLoseNone() {
    FaultyLine line = line("reorder=10%,seed=1");
    List<Integer> marks = new ArrayList<>();
    for (int i = 0; i < FRAMES; i++) {
      offer(line, i, true);
      drain(line, marks);
    }
    line.onTurn(Long.MAX_VALUE / 2);
    drain(line, marks);
    assertThat(marks).hasSize(FRAMES).doesNotHaveDuplicates();
    int late = 0;
    for (int i = 1; i < FRAMES; i++) {
      late += marks.get(i) < marks.get(i - 1) ? 1 : 0;
    }
    assertThat(late).isBetween(FRAMES * 7 / 100, FRAMES * 11 / 100);
  }

  @Test
  void shouldHoldTheLastOneForABoundedTime() {
    FaultyLine line = line("reorder=100%,seed=1");
    offer(line, 5, true);
    assertThat(line.ready().isEmpty()).isTrue();
    long due = line.nextDeadlineNs();
    assertThat(due).isBetween(1L, 10_000_000L);
    line.onTurn(due - 1);
    assertThat(line.ready().isEmpty()).isTrue();
    line.onTurn(due);
    assertThat(line.ready().isEmpty()).isFalse();
    assertThat(line.nextDeadlineNs()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldDamageOneBit() {
    FaultyLine line = line("corrupt=100%,seed=1");
    offer(line, 5, true);
    FrameQueue ready = line.ready();
    int bits = 0;
    for (int i = 0; i < LENGTH; i++) {
      bits += Integer.bitCount(Wire.u8(frame, i) ^ Wire.u8(ready.memory(), ready.headOffset() + i));
    }
    assertThat(bits).isEqualTo(1);
  }

  @Test
  void shouldLeaveAddressResolutionAlone() {
    assertThat(run("loss=100%", false)).hasSize(FRAMES).isSorted();
  }
}
