// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.posix;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.conformance.OwnNet;
import ib.transport.internal.io.DatagramIo;
import ib.transport.internal.io.DatagramIoFactory;
import ib.transport.internal.io.DatagramIoOptions;
import java.io.File;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PosixTest {
  /** Run in a Java machine of its own. */
  public static void main(String[] args) throws Exception {
    InetSocketAddress address =
        new InetSocketAddress(InetAddress.ofLiteral(OwnNet.of("127.21.4.27")), 0);
    try (DatagramIo io = DatagramIoFactory.open(address, DatagramIoOptions.defaults())) {
      System.out.println(io.description() + ": " + Posix.unavailableReason());
    }
  }

  @Test
  void shouldLeaveItToChannelsWhereNativeAccessIsDenied(@TempDir Path folder) throws Exception {
    Path said = folder.resolve("said");
    Process java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--illegal-native-access=deny",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classes(Posix.class) + File.pathSeparator + classes(PosixTest.class),
                PosixTest.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    try {
      assertThat(java.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      java.destroyForcibly();
    }
    assertThat(Files.readString(said, StandardCharsets.UTF_8))
        .startsWith("channel: java.lang.foreign is not usable")
        .contains("--enable-native-access");
  }

  private static String classes(Class<?> type) throws Exception {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }
}
