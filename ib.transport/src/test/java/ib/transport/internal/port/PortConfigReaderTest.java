// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.transport.internal.ethernet.Faults;
import ib.transport.internal.io.DatagramIoOptions.Mode;
import java.net.InetAddress;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PortConfigReaderTest {
  private static final String FILE = "felix.fileinstall.filename";

  @Test
  void shouldReadAllKeys() throws Exception {
    PortConfig config =
        PortConfigReader.read(
            Map.of(
                "name", "p0",
                "address", "127.21.0.1",
                "guid", "0x0002c90300a1b2c3",
                "mtu", "1024",
                "io", "channel",
                "receive.buffer", "1000000",
                "send.buffer", 2000000,
                "ecn", "on",
                "source.ports", "8",
                "service.pid", "ib.port-p0"));
    assertThat(config.name()).isEqualTo("p0");
    assertThat(config.address()).isEqualTo(InetAddress.ofLiteral("127.21.0.1"));
    assertThat(config.guid()).isEqualTo(0x0002c90300a1b2c3L);
    assertThat(config.mtuBytes()).isEqualTo(1024);
    assertThat(config.mode()).isEqualTo(Mode.CHANNEL);
    assertThat(config.receiveBufferBytes()).isEqualTo(1_000_000);
    assertThat(config.sendBufferBytes()).isEqualTo(2_000_000);
    assertThat(config.ecn()).isTrue();
    assertThat(config.sourcePorts()).isEqualTo(8);
  }

  @Test
  void shouldDeriveTheGuidFromTheAddress() {
    PortConfig config = PortConfigReader.read(Map.of("name", "p0", "address", "127.21.3.4"));
    assertThat(config.guid()).isEqualTo(0x02007fff_fe150304L);
    assertThat(config.mtuBytes()).isEqualTo(4096);
    assertThat(config.mode()).isEqualTo(Mode.AUTO);
    assertThat(config.ecn()).isFalse();
    assertThat(config.sourcePorts()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "address, 999.1.1.1, give an IP address in numbers",
    "address, host.example, give an IP address in numbers",
    "address, 0.0.0.0, give the port its own address",
    "address, 224.0.0.1, give the port its own address",
    "address, '', give the IP address",
    "name, '', name the port",
    "name, 'p 0', use 1 to 64 letters",
    "guid, xyz, 16 hex digits",
    "guid, 0000000000000000, leave it out",
    "ecn, perhaps, 'give one of on, off'",
    "source.ports, 65, 1 to 64",
    "mtu, 1500, 'give one of 256, 512, 1024, 2048, 4096'",
    "mtu, big, 'give one of 256, 512, 1024, 2048, 4096'",
    "io, fast, 'give one of auto, native, channel, ethernet'",
    "link, stream:/tmp/x, set io to ethernet",
    "faults, loss=1%, set io to ethernet",
    "receive.buffer, 17, 65536 to",
    "send.buffer, much, 65536 to",
    "adress, 127.0.0.1, remove it or use one of",
  })
  void shouldNameFileKeyAndRemedy(String key, String value, String remedy) {
    Map<String, Object> values = new java.util.HashMap<>();
    values.put("name", "p0");
    values.put("address", "127.21.0.1");
    values.put(FILE, "file:/etc/openhca/ib.port-p0.config");
    values.put(key, value);
    assertThatThrownBy(() -> PortConfigReader.read(values))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("/etc/openhca/ib.port-p0.config: key '" + key + "'")
        .hasMessageContaining(remedy);
  }

  @Test
  void shouldReadALinkOfFrames() {
    PortConfig config =
        PortConfigReader.read(
            Map.of(
                "name", "p0",
                "address", "10.77.0.1",
                "io", "ethernet",
                "link", "dgram:127.0.0.1:7001->127.0.0.1:7002",
                "faults", "loss=5%, reorder=0.5%,seed=42"));
    assertThat(config.link()).hasToString("dgram:127.0.0.1:7001->127.0.0.1:7002");
    assertThat(config.faults()).isEqualTo(new Faults(0.05, 0, 0.005, 0, 42));
    PortConfig stream =
        PortConfigReader.read(
            Map.of("name", "p0", "address", "10.77.0.1", "io", "ethernet", "link", "stream:/t/s"));
    assertThat(stream.link()).hasToString("stream:/t/s");
    assertThat(stream.faults().isNone()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "link, '', 'is missing; give dgram:'",
    "link, tap:tap0, which is no link; give dgram:",
    "link, dgram:127.0.0.1:7001, which is no link; give dgram:",
    "link, dgram:127.0.0.1:0->127.0.0.1:7002, 'with port 0, which is not 1..65535; give dgram:'",
    "link, dgram:10.1.1.1:7001->127.0.0.1:7002, 'which is not on this machine: frames'",
    "link, dgram:127.0.0.1:7001->1.2.3.4.5:7002, 'with 1.2.3.4.5, which is no IP address'",
    "link, stream:tmp/x, whose path does not begin with /; give dgram:",
    "faults, loss=5, 'with ''loss=5'', which is not 0% to 100%; give loss'",
    "faults, loss=x%, 'with ''loss=x%'', which is no share; give loss'",
    "faults, delay=5%, 'with ''delay=5%'', which is no fault; give loss'",
    "faults, 'seed=x', 'with ''seed=x'', which is no number; give loss'",
    "source.ports, 2, give 1 to 1",
  })
  void shouldRefuseALinkThatCantWork(String key, String value, String remedy) {
    Map<String, Object> values = new java.util.HashMap<>();
    values.put("name", "p0");
    values.put("address", "10.77.0.1");
    values.put("io", "ethernet");
    values.put("link", "dgram:127.0.0.1:7001->127.0.0.1:7002");
    values.put(key, value);
    assertThatThrownBy(() -> PortConfigReader.read(values))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("key '" + key + "'")
        .hasMessageContaining(remedy);
  }

  @Test
  void shouldRefuseANameOrAddressThatIsTaken() {
    PortNames names = new PortNames();
    PortConfig first = config("p0", "127.21.0.1", "a.config");
    assertThat(names.claim(first)).isNull();
    assertThat(names.claim(first)).isNull();
    assertThat(names.claim(config("p0", "127.21.0.2", "b.config")))
        .contains("b.config", "'name'", "p0", "a.config", "change one");
    assertThat(names.claim(config("p1", "127.21.0.1", "c.config")))
        .contains("c.config", "'address'", "127.21.0.1", "a.config");
    names.release(first);
    assertThat(names.claim(config("p0", "127.21.0.1", "d.config"))).isNull();
  }

  private static PortConfig config(String name, String address, String file) {
    return PortConfigReader.read(Map.of("name", name, "address", address, FILE, file));
  }
}
