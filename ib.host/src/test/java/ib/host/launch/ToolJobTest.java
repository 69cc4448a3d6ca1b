// SPDX-License-Identifier: Apache-2.0
package ib.host.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ToolJobTest {
  @TempDir private Path folder;

  @Test
  void shouldMakeAHostOfOneDeviceForAToolThatTalks() throws Exception {
    ToolJob job =
        ToolJob.of(
            List.of("rping", "--driver", "ehca", "-s", "-v", "--address", "127.0.0.7", "-C", "3"));
    assertThat(job.ownHost()).isTrue();
    assertThat(job.command()).isEqualTo("rdma:rping -s -v -C 3");
    job.configure(folder, "127.9.9.1");
    assertThat(Files.readString(folder.resolve("ib.port-p0.config")))
        .isEqualTo("name = \"p0\"\naddress = \"127.0.0.7\"\n");
    assertThat(Files.readString(folder.resolve("ib.driver.ehca-ehca0.config")))
        .contains("ib.device = \"ehca0\"", "(ib.port\\=p0)");
  }

  @Test
  void shouldTakeAnAddressOfItsOwnAndTheFirstDriver() throws Exception {
    ToolJob job = ToolJob.of(List.of("pingpong", "--rc", "a host"));
    assertThat(job.ownHost()).isTrue();
    assertThat(job.command()).isEqualTo("rdma:pingpong --rc 'a host'");
    job.configure(folder, "127.9.9.1");
    assertThat(folder.resolve("ib.driver.mthca-mthca0.config")).exists();
    assertThat(Files.readString(folder.resolve("ib.port-p0.config"))).contains("127.9.9.1");
  }

  @Test
  void shouldLookAtTheConfiguredHostOtherwise() throws Exception {
    assertThat(ToolJob.of(List.of("devinfo", "-v")).ownHost()).isFalse();
    assertThat(ToolJob.of(List.of("devinfo", "--driver", "ipath")).ownHost()).isTrue();
    ToolJob job = ToolJob.of(List.of("rping", "--etc", folder.toString(), "-s"));
    assertThat(job.ownHost()).isFalse();
    assertThat(job.etc(folder)).isEqualTo(folder);
    assertThatThrownBy(() -> ToolJob.of(List.of("link", "--etc", "/nowhere")).etc(folder))
        .hasMessageContaining("/nowhere");
  }

  @Test
  void shouldSayWhatIsWrong() {
    assertThatThrownBy(() -> ToolJob.of(List.of())).hasMessageContaining("no tool");
    assertThatThrownBy(() -> ToolJob.of(List.of("rping", "--driver")))
        .hasMessageContaining("--driver needs a value");
    assertThatThrownBy(() -> ToolJob.of(List.of("rping", "--driver", "mlx5")))
        .hasMessageContaining("mlx5")
        .hasMessageContaining("ehca");
    assertThatThrownBy(() -> ToolJob.of(List.of("rping", "it's")).command())
        .hasMessageContaining("it's");
    assertThatThrownBy(() -> ToolJob.of(List.of("rping", "--etc", "x", "--address", "127.0.0.1")))
        .hasMessageContaining("--etc");
  }
}
