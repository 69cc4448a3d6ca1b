// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DataBuffersTest {
  private static Command of(int chunks) {
    Command command = new Command(null, 0);
    command.bytes = (long) chunks * DataBuffers.CHUNK_BYTES;
    return command;
  }

  @Test
  void shouldSayThatOthersMayGoOnWhenTheFirstInLineGivesUp() {
    try (DataBuffers buffers = new DataBuffers(new FakePool(), 4L * DataBuffers.CHUNK_BYTES)) {
      Command running = of(2);
      Command large = of(4);
      Command small = of(1);
      assertThat(buffers.takeOrWait(running)).isTrue();
      assertThat(buffers.forget(running)).as("it does not wait").isFalse();
      assertThat(buffers.takeOrWait(large)).isFalse();
      assertThat(buffers.takeOrWait(small)).as("in the order they came").isFalse();
      assertThat(buffers.next()).isNull();
      assertThat(buffers.forget(large)).isTrue();
      assertThat(buffers.next()).isSameAs(small);
      assertThat(buffers.next()).isNull();
      buffers.giveBack(running);
      buffers.giveBack(small);
      assertThat(buffers.isIdle()).isTrue();
    }
  }
}
