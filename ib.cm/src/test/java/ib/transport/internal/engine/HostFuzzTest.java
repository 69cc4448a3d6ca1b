// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortCounter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Half a million hostile packets against a host that serves honest ones meanwhile; {@code ./ib
 * fuzz} sends more.
 */
class HostFuzzTest {
  private static final long PACKETS = 500_000;
  private static final Path CAPTURES = Path.of("..", "ib.transport/src/test/resources/captures");

  /** What they must have brought about, else they show nothing. */
  private static final List<PortCounter> HAPPENED =
      List.of(
          PortCounter.RCVD_PKTS,
          PortCounter.DROPPED_SHORT,
          PortCounter.DROPPED_ICRC,
          PortCounter.DROPPED_OPCODE,
          PortCounter.DROPPED_ADDRESS,
          PortCounter.DROPPED_QKEY,
          PortCounter.DUPLICATE_REQUEST,
          PortCounter.OUT_OF_SEQ_REQUEST,
          PortCounter.SENT_NAK,
          PortCounter.RCVD_RNR_ERR,
          PortCounter.RP_CNP_HANDLED);

  @Test
  void shouldServeWhateverComes() throws Exception {
    Fuzz fuzz = new Fuzz(1, CAPTURES);
    fuzz.run(PACKETS, line -> {});
    for (PortCounter counter : HAPPENED) {
      assertThat(fuzz.counter(counter)).as("%s", counter).isGreaterThan(100);
    }
    assertThat(fuzz.figures()[0]).as("honest connections").isGreaterThan(100);
    assertThat(fuzz.figures()[1]).as("connections remembered").isGreaterThan(100);
    assertThat(fuzz.figures()[2]).as("forged copies").isGreaterThan(100);
  }
}
