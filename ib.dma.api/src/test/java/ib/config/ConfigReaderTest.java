// SPDX-License-Identifier: Apache-2.0
package ib.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigReaderTest {
  private static final String WHERE = "/etc/openhca/x-a.config";

  private final Map<String, Object> values =
      new HashMap<>(Map.of(ConfigReader.FILE, "file:" + WHERE, "service.pid", "x~a"));

  private ConfigReader read() {
    return new ConfigReader("x", values, List.of("depth", "mode"), "port");
  }

  @Test
  void shouldSayWhereTheConfigurationStands() {
    assertThat(read().where()).isEqualTo(WHERE);
    values.remove(ConfigReader.FILE);
    assertThat(read().where()).isEqualTo("configuration x~a");
    values.remove("service.pid");
    assertThat(read().where()).isEqualTo("configuration x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "service.factoryPid",
        "component.id",
        "felix.fileinstall.dir",
        "osgi.ds.satisfying.condition.target",
        "objectClass",
        ".mine",
        "$003.target",
        "port.target"
      })
  void shouldTakeWhatTheFrameworkAdds(String key) {
    values.put(key, "something");
    assertThat(read().has("depth")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"dept", "Depth", "prot.target", "$x.target"})
  void shouldRefuseAKeyThatMeansNothing(String key) {
    values.put(key, "1");
    assertThatThrownBy(this::read)
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            WHERE + ": key '" + key + "' is not known; remove it or use one of depth, mode");
  }

  @Test
  void shouldNameAllKeysThatMeanNothing() {
    values.put("one", "1");
    values.put("another", "1");
    assertThatThrownBy(this::read).hasMessageContaining("key 'another', 'one' are not known");
  }

  @ParameterizedTest
  @CsvSource({"' 7 ', 7", "0x10, 16", "010, 10", "0XfF, 255"})
  void shouldReadNumbers(String text, int number) {
    values.put("depth", text);
    assertThat(read().integer("depth", 1, 0, 255)).isEqualTo(number);
  }

  @ParameterizedTest
  @CsvSource({
    "many, 'not a whole number; give 0 to 255, decimal or with 0x'",
    "1.5, not a whole number",
    "0x, not a whole number",
    "256, 'out of range; give 0 to 255'",
    "-1, out of range",
    "0xffffffffffffffff, out of range",
    "99999999999999999999, not a whole number",
  })
  void shouldRefuseOtherNumbers(String text, String words) {
    values.put("depth", text);
    assertThatThrownBy(() -> read().integer("depth", 1, 0, 255))
        .hasMessageStartingWith(WHERE + ": key 'depth' is '" + text + "', ")
        .hasMessageContaining(words);
  }

  @Test
  void shouldTakeABlankValueForAMissingOne() {
    values.put("depth", "  ");
    assertThat(read().integer("depth", 3, 0, 255)).isEqualTo(3);
    assertThat(read().text("depth", "none")).isEqualTo("none");
    assertThatThrownBy(() -> read().requiredText("depth", "give the depth"))
        .hasMessage(WHERE + ": key 'depth' is missing; give the depth");
  }

  @Test
  void shouldReadFlagsChoicesAndLists() {
    assertThat(read().flag("mode", true)).isTrue();
    values.put("mode", false);
    assertThat(read().flag("mode", true)).isFalse();
    assertThat(read().list("mode")).containsExactly("false");
    values.put("mode", new String[] {"a", "b"});
    assertThat(read().list("mode")).containsExactly("a", "b");
    values.put("mode", List.of(1, 2));
    assertThat(read().list("mode")).containsExactly("1", "2");
    assertThat(read().list("depth")).isEmpty();
    values.put("mode", "quick");
    assertThatThrownBy(() -> read().choice("mode", "slow", "slow", "fast"))
        .hasMessageEndingWith("key 'mode' is 'quick', which is no choice; give one of slow, fast");
  }

  @Test
  void shouldReadHexAndNames() {
    values.put("mode", "0x00:1A");
    assertThat(read().hex("mode", 4)).isEqualTo("001a");
    assertThatThrownBy(() -> read().hex("mode", 6)).hasMessageContaining("give 6 hex digits");
    assertThatThrownBy(() -> read().hex("depth", 4)).hasMessageContaining("is missing");
    assertThatThrownBy(() -> read().name("mode", "name it")).hasMessageContaining("0x00:1A");
    values.put("mode", "p0");
    assertThat(read().name("mode", "name it")).isEqualTo("p0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"storage.local", "1.2.3.4.5", "localhost", ":::"})
  void shouldRefuseWhatIsNoAddress(String text) {
    values.put("mode", text);
    assertThatThrownBy(() -> read().address("mode", "give it"))
        .hasMessageStartingWith(WHERE + ": key 'mode' is '" + text + "', which is no IP address");
  }

  @Test
  void shouldReadAddresses() {
    values.put("mode", "127.31.0.1");
    assertThat(read().address("mode", "")).isEqualTo(InetAddress.ofLiteral("127.31.0.1"));
    values.put("mode", "2001:db8::1");
    assertThat(read().address("mode", "")).isEqualTo(InetAddress.ofLiteral("2001:db8::1"));
  }
}
