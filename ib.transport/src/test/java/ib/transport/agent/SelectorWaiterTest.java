// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SelectorWaiterTest {
  private static final Duration BOUND = Duration.ofSeconds(10);

  private static TaskSlot slot(DatagramChannel channel) {
    AgentTask task =
        new AgentTask() {
          @Override
          public int doWork(long nowNs) {
            return 0;
          }

          @Override
          public long nextDeadlineNs() {
            return NO_DEADLINE;
          }
        };
    return new TaskSlot(
        task,
        new Pollable[] {
          new Pollable() {
            @Override
            public SelectableChannel channel() {
              return channel;
            }
          }
        });
  }

  /** Between the agent's last look at its commands and its sleep both may happen. */
  @Test
  void shouldWakeUpAlthoughASourceWasForgottenAfterTheWakeUp() throws Exception {
    SelectorWaiter waiter = new SelectorWaiter();
    try (DatagramChannel channel = DatagramChannel.open()) {
      channel.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 3, 7, 9}), 0));
      channel.configureBlocking(false);
      TaskSlot slot = slot(channel);
      waiter.prepare(new TaskSlot[] {slot}, 0);
      waiter.wakeUp();
      waiter.forget(slot);
      Thread sleeper = Thread.ofPlatform().start(() -> waiter.await(Long.MAX_VALUE, true));
      boolean woke = sleeper.join(BOUND);
      waiter.wakeUp();
      assertThat(woke).isTrue();
      assertThat(sleeper.join(BOUND)).isTrue();
    } finally {
      waiter.close();
    }
  }
}
