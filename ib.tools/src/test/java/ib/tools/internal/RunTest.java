// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.dma.DmaMemoryPool;
import ib.verbs.ConnectionManager;
import ib.verbs.RdmaDevice;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How runs end: by an interrupt, as the shell's end sends one, and with what they use. */
class RunTest {
  private static final long WAIT_S = 30;
  private static final long DAY_S = 86_400;

  private final List<Run> ended = new ArrayList<>();

  private Run run() {
    return new Run(new Local(null, null, null), ended::add);
  }

  @Test
  void shouldCloseEverythingAlthoughItsThreadIsInterrupted() {
    Run run = run();
    List<Boolean> interrupted = new ArrayList<>();
    run.add(() -> interrupted.add(Thread.currentThread().isInterrupted()));
    run.add(
        () -> {
          interrupted.add(Thread.currentThread().isInterrupted());
          Thread.currentThread().interrupt();
        });
    Thread.currentThread().interrupt();
    run.close();
    assertThat(Thread.interrupted()).as("the interrupt is still to be seen").isTrue();
    assertThat(interrupted).containsExactly(false, false);
    assertThat(ended).containsExactly(run);
  }

  @Test
  void shouldNoticeAnInterruptWithoutWaiting() throws Exception {
    Run run = run();
    run.check();
    Thread.currentThread().interrupt();
    assertThatThrownBy(run::check).hasMessage("interrupted");
    assertThat(Thread.interrupted()).isTrue();
  }

  private interface Wait {
    void run() throws ToolException;
  }

  private static void assertEndsByInterrupt(Wait wait) throws Exception {
    CompletableFuture<Object> outcome = new CompletableFuture<>();
    Thread waiting =
        new Thread(
            () -> {
              try {
                wait.run();
                outcome.complete("went on");
              } catch (ToolException e) {
                outcome.complete(e.getMessage());
              }
            });
    waiting.start();
    waiting.interrupt();
    assertThat(outcome.get(WAIT_S / 2, TimeUnit.SECONDS)).isEqualTo("interrupted");
  }

  @Test
  void shouldEndTheWaitsOfASideChannelByAnInterrupt() throws Exception {
    try (Run run = run();
        ServerSocket server = SideChannel.listen(run, 0)) {
      assertEndsByInterrupt(() -> SideChannel.accept(run, server, (int) DAY_S));
      try (Socket peer = new Socket("127.0.0.1", server.getLocalPort())) {
        assertThat(peer.isConnected()).isTrue();
        SideChannel side = SideChannel.accept(run, server, (int) WAIT_S);
        assertEndsByInterrupt(() -> side.read("nothing comes", 1));
        assertEndsByInterrupt(() -> side.awaitPeer("nothing comes", (int) DAY_S));
      }
    }
  }

  @SuppressWarnings("unchecked") // a proxy of the interface is one
  private static <T> T answering(Class<T> type, Map<String, Object> answers, Runnable asked) {
    return (T)
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "equals" -> proxy == args[0];
                  case "hashCode" -> System.identityHashCode(proxy);
                  default -> {
                    asked.run();
                    yield answers.get(method.getName());
                  }
                });
  }

  @Test
  void shouldBeginNoRunOnADeviceThatLeavesMeanwhile() throws Exception {
    Toolbox toolbox = new Toolbox((DmaMemoryPool) null);
    RdmaDevice device =
        answering(
            RdmaDevice.class, Map.of("name", "d0", "portName", "p0", "generation", 1L), () -> {});
    InetAddress address = InetAddress.ofLiteral("127.31.9.1");
    ConnectionManager manager =
        answering(
            ConnectionManager.class,
            Map.of("portName", "p0", "localAddress", address),
            () -> toolbox.removeDevice(device));
    toolbox.addDevice(device);
    toolbox.addManager(manager);
    assertThatThrownBy(() -> toolbox.begin(null, address)).hasMessageContaining("there are: none");
  }
}
