// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import org.jspecify.annotations.Nullable;

/**
 * What was seen of DMA.
 *
 * @param misuses what debug found
 * @param unwatched mappings that debug could not watch
 * @param firstMisuse its first report, or null
 * @param retried requests that came back to be tried again, and were
 */
record DmaOutcome(long misuses, long unwatched, @Nullable String firstMisuse, long retried) {}
