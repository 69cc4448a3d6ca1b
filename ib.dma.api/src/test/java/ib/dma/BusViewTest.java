// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** A structure in memory behind a bus that has two pages, which nothing crosses in one run. */
class BusViewTest {
  private static final int PAGE = 4096;
  private static final long BASE = 0x7000_0000L;

  private final MemorySegment memory = Arena.ofAuto().allocate(2 * PAGE, PAGE);
  private DmaAccess allowed = DmaAccess.WRITE;
  private final BusView view = new BusView(this::resolve);

  private DmaFault resolve(long dmaAddress, long lengthBytes, DmaAccess access, BusWindow out) {
    long offset = dmaAddress - BASE;
    if (offset < 0 || offset >= 2 * PAGE) {
      return DmaFault.NOT_MAPPED;
    }
    if (access == DmaAccess.WRITE && allowed != DmaAccess.WRITE) {
      return DmaFault.WRONG_DIRECTION;
    }
    out.set(memory, offset, Math.min(lengthBytes, PAGE - offset % PAGE));
    return DmaFault.NONE;
  }

  private int at(int offset) {
    return memory.get(ValueLayout.JAVA_BYTE, offset) & 0xFF;
  }

  @Test
  void shouldReadAndWriteFieldsBigEndianFromWhereTheStructureBegins() {
    assertThat(view.open(BASE + PAGE + 64, 64, DmaAccess.WRITE)).isTrue();
    assertThat(view.segment().address()).isEqualTo(memory.address());
    assertThat(view.offset()).isEqualTo(PAGE + 64);
    view.put8(0, 0x1FE);
    view.put32(5, 0x01020304);
    view.put64(9, 0x1122334455667788L);
    view.release32(60, 0xCAFEF00D);

    assertThat(at(PAGE + 64)).isEqualTo(0xFE);
    assertThat(at(PAGE + 64 + 5)).isEqualTo(1);
    assertThat(at(PAGE + 64 + 8)).isEqualTo(4);
    assertThat(at(PAGE + 64 + 9)).isEqualTo(0x11);
    assertThat(at(PAGE + 64 + 16)).isEqualTo(0x88);
    assertThat(at(PAGE + 64 + 60)).isEqualTo(0xCA);
    assertThat(view.get8(0)).isEqualTo(0xFE);
    assertThat(view.get32(5)).isEqualTo(0x01020304);
    assertThat(view.get64(9)).isEqualTo(0x1122334455667788L);
    assertThat(view.acquire32(60)).isEqualTo(0xCAFEF00D);
  }

  @Test
  void shouldNotOpenWhatIsOutOfReachForbiddenOrInTwoRuns() {
    assertThat(view.open(BASE - 1, 1, DmaAccess.READ)).isFalse();
    assertThat(view.open(BASE + PAGE - 4, 8, DmaAccess.READ)).isFalse();
    assertThat(view.open(BASE + PAGE - 8, 8, DmaAccess.READ)).isTrue();
    allowed = DmaAccess.READ;
    assertThat(view.open(BASE, 8, DmaAccess.WRITE)).isFalse();
    assertThat(view.open(BASE, 8, DmaAccess.READ)).isTrue();
  }
}
