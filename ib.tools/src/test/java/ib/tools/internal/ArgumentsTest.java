// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ArgumentsTest {
  private static Arguments of(String... args) throws ToolException {
    return new Arguments("usage: try")
        .flag("-v", "--verbose")
        .flag("-V")
        .value("-C", "--count")
        .parse(args);
  }

  @Test
  void shouldReadOptionsAsGetoptDoes() throws Exception {
    for (String[] args :
        new String[][] {
          {"-vVC10", "host"},
          {"host", "-v", "-V", "-C", "10"},
          {"--verbose", "-V", "--count=10", "host"},
          {"--verbose", "--count", "0xA", "-V", "host"}
        }) {
      Arguments read = of(args);
      assertThat(read.has("--verbose")).isTrue();
      assertThat(read.has("-V")).isTrue();
      assertThat(read.number("--count", 1, 0, 10)).isEqualTo(10);
      assertThat(read.host()).isEqualTo("host");
    }
    assertThat(of().host()).isNull();
    assertThat(of().number("--count", 7, 0, 10)).isEqualTo(7);
    assertThat(of().address("--count")).isNull();
  }

  @Test
  void shouldReadBytesInUnits() throws Exception {
    assertThat(of("-C", "64K").bytes("--count", 1, 1, 1 << 20)).isEqualTo(65_536);
    assertThat(of("-C", "1M").bytes("--count", 1, 1, 1 << 20)).isEqualTo(1 << 20);
    assertThat(of("-C", "0x10").bytes("--count", 1, 1, 99)).isEqualTo(16);
    assertThat(of().bytes("--count", 7, 1, 99)).isEqualTo(7);
    for (String wrong : new String[] {"4096M", "K", "-1K", "1G"}) {
      assertThatThrownBy(() -> of("-C", wrong).bytes("--count", 1, 1, 1 << 20))
          .hasMessage("--count " + wrong + "; give a number, 1 to 1048576");
    }
  }

  @Test
  void shouldNameWhatIsWrongAndTheUsage() {
    assertThatThrownBy(() -> of("-x")).hasMessage("unknown option -x; usage: try");
    assertThatThrownBy(() -> of("-vC")).hasMessage("-vC needs a value; usage: try");
    assertThatThrownBy(() -> of("--verbose=yes"))
        .hasMessage("--verbose=yes: --verbose takes no value; usage: try");
    assertThatThrownBy(() -> of("a", "b").host()).hasMessageContaining("not [a, b]");
    assertThatThrownBy(() -> of("-C", "11").number("--count", 1, 0, 10))
        .hasMessage("--count 11; give a number, 0 to 10");
    assertThatThrownBy(() -> of("-C", "ten").number("--count", 1, 0, 10))
        .hasMessage("--count ten; give a number, 0 to 10");
  }
}
