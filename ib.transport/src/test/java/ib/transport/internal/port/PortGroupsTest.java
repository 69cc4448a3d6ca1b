// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ib.transport.conformance.OwnNet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Multicast groups of ports of every kind, over both kinds of IP. */
class PortGroupsTest {
  private static final String NETWORK =
      "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"
          + " && ip -6 addr add fd77::1/64 dev v0 nodad && ip -6 addr add fd77::2/64 dev v0 nodad";

  @ParameterizedTest
  @CsvSource({"native,239.21.5.7", "channel,239.21.5.8"})
  void shouldReachAGroupOverIpv4(String io, String group) throws Exception {
    GroupExchange.run(
        Map.of("name", "a", "address", OwnNet.of("127.21.5.7"), "io", io),
        Map.of("name", "b", "address", OwnNet.of("127.21.5.8"), "io", io),
        group);
  }

  @ParameterizedTest
  @CsvSource({
    "10.9.0.1,10.9.0.2,239.1.2.3",
    "fd77::1,fd77::2,ff15::1:2:3",
    "fd77::1,fd77::2,ff15:7::"
  })
  void shouldReachAGroupOverEthernetFrames(String one, String other, String group)
      throws Exception {
    String ends = OwnNet.of("dgram:127.21.5.11:7001->127.21.5.12:7001");
    String turned = OwnNet.of("dgram:127.21.5.12:7001->127.21.5.11:7001");
    GroupExchange.run(
        Map.of("name", "a", "address", one, "io", "ethernet", "link", ends),
        Map.of("name", "b", "address", other, "io", "ethernet", "link", turned),
        group);
  }

  /** The loopback interface has no IPv6 multicast, so this needs a network of its own. */
  @ParameterizedTest
  @ValueSource(strings = {"native ff15::1:2:3", "channel ff15::1:2:4", "native ff02::1:2:5"})
  void shouldReachAGroupOverIpv6(String ioAndGroup) throws Exception {
    String impossible = run(NETWORK);
    assumeTrue(impossible.isEmpty(), "no network namespace with a veth pair here: " + impossible);
    String[] split = ioAndGroup.split(" ");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String said =
        run(
            NETWORK
                + " && exec '%s' --enable-native-access=ALL-UNNAMED -XX:TieredStopAtLevel=1 -cp '%s' %s %s fd77::1 fd77::2 %s"
                    .formatted(
                        java,
                        System.getProperty("java.class.path"),
                        GroupExchange.class.getName(),
                        split[0],
                        split[1]));
    assertThat(said).isEqualTo("exchanged");
  }

  /** Runs a command in a network namespace of its own; what it said, and that it failed. */
  private static String run(String command) throws IOException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(List.of("unshare", "-rn", "sh", "-c", command))
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      return "there is no unshare: " + e.getMessage();
    }
    process.getOutputStream().close();
    Process watched = process;
    Thread guard =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    if (!watched.waitFor(60, TimeUnit.SECONDS)) {
                      watched.destroyForcibly();
                    }
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    String said =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    guard.join();
    int code = process.waitFor();
    return code == 0 ? said : "exit code " + code + ": " + said;
  }
}
