// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.ulp.srpt.internal.scsi.FileBacking;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileBackingTest {
  @TempDir private Path folder;

  @Test
  void shouldKeepBytesAcrossOpenings() throws IOException {
    Path file = folder.resolve("sub/lun.img");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(4096);
      bytes.set(ValueLayout.JAVA_LONG, 104, 0x1234_5678_9ABCL);
      try (FileBacking backing = FileBacking.open(file, 1 << 20, 512)) {
        assertThat(backing.sizeBytes()).isEqualTo(1 << 20);
        backing.write(8192, bytes, 0, 4096);
        backing.flush();
      }
      assertThat(Files.size(file)).isEqualTo(1 << 20);
      try (FileBacking again = FileBacking.open(file, 0, 512)) {
        MemorySegment read = arena.allocate(4096);
        again.read(8192, read, 0, 4096);
        assertThat(read.mismatch(bytes)).isEqualTo(-1);
      }
    }
  }

  @Test
  void shouldNameAMissingFileAndTheRemedy() {
    Path file = folder.resolve("absent.img");
    assertThatThrownBy(() -> FileBacking.open(file, 0, 512))
        .hasMessageContaining(file.toString())
        .hasMessageContaining("create it, or give a size");
  }

  @Test
  void shouldRefuseAFileThatIsServedAlready() throws IOException {
    Path file = folder.resolve("lun.img");
    try (FileBacking first = FileBacking.open(file, 1 << 20, 512)) {
      assertThatThrownBy(() -> FileBacking.open(file, 0, 512))
          .hasMessageContaining("served by another target")
          .hasMessageContaining(first.description().substring("file ".length()));
    }
  }

  @Test
  void shouldRefuseAFileOfOddSize() throws IOException {
    Path file = folder.resolve("odd.img");
    Files.write(file, new byte[1000]);
    assertThatThrownBy(() -> FileBacking.open(file, 0, 512))
        .hasMessageContaining("make it a multiple of 512");
  }
}
