// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/dma-members.md} names every member of Linux's tables, and only methods that exist.
 */
class MembersTest {
  private static final Path DOCUMENT = Path.of("..", "docs", "dma-members.md");
  private static final Pattern OURS = Pattern.compile("`([A-Z]\\w+)\\.(\\w+)`");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(.+?)` \\| (.+?) \\|$");

  private static final List<String> MEMBERS =
      List.of(
          // The table of x86-64 in 2006.
          "mapping_error",
          "alloc_coherent",
          "free_coherent",
          "map_single",
          "map_simple",
          "unmap_single",
          "sync_single_for_cpu",
          "sync_single_for_device",
          "sync_single_range_for_cpu",
          "sync_single_range_for_device",
          "sync_sg_for_cpu",
          "sync_sg_for_device",
          "map_sg",
          "unmap_sg",
          "dma_supported",
          "is_phys",
          // ib_dma_mapping_ops.
          "map_page",
          "unmap_page",
          "map_sg_attrs",
          "unmap_sg_attrs",
          "dma_address",
          "dma_len",
          // dma_map_ops and what stands beside it today.
          "alloc",
          "free",
          "alloc_pages",
          "free_pages",
          "mmap",
          "get_sgtable",
          "map_phys",
          "unmap_phys",
          "map_resource",
          "unmap_resource",
          "cache_sync",
          "get_required_mask",
          "max_mapping_size",
          "opt_mapping_size",
          "get_merge_boundary",
          "dma_iova_try_alloc",
          "dma_iova_link",
          "dma_iova_sync",
          "dma_iova_unlink",
          "dma_iova_free",
          "dma_iova_destroy",
          "dma_pool_create",
          "dma_pool_alloc",
          "dma_pool_zalloc",
          "dma_pool_free",
          "dma_pool_destroy");

  private static Map<String, String> rows() throws IOException {
    Map<String, String> rows = new TreeMap<>();
    for (MatchResult row : ROW.matcher(Files.readString(DOCUMENT)).results().toList()) {
      for (String member : row.group(1).split("`, `", -1)) {
        rows.put(member, row.group(2));
      }
    }
    return rows;
  }

  @Test
  void shouldNameEveryMember() throws IOException {
    assertThat(rows().keySet()).containsExactlyInAnyOrderElementsOf(MEMBERS);
  }

  @Test
  void shouldNameMethodsThatExist() throws Exception {
    List<MatchResult> named = OURS.matcher(Files.readString(DOCUMENT)).results().toList();

    assertThat(named).hasSizeGreaterThan(30);
    for (MatchResult method : named) {
      Class<?> type = Class.forName("ib.dma." + method.group(1));
      assertThat(namesIn(type)).as(method.group()).contains(method.group(2));
    }
  }

  private static Stream<String> namesIn(Class<?> type) {
    return Stream.concat(
        Arrays.stream(type.getMethods()).map(java.lang.reflect.Method::getName),
        Arrays.stream(type.getFields()).map(java.lang.reflect.Field::getName));
  }

  /** What has no method of ours says why. */
  @Test
  void shouldHaveAMethodOrAReason() throws IOException {
    assertThat(rows())
        .allSatisfy(
            (member, ours) ->
                assertThat(OURS.matcher(ours).find() || ours.startsWith("none: "))
                    .as(member + " -> " + ours)
                    .isTrue());
  }
}
