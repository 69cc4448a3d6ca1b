// SPDX-License-Identifier: Apache-2.0
/**
 * DMA debug: books of every mapping around the ops and the bus of an attachment, and what is found
 * to be wrong by them.
 */
@NullMarked
package ib.core.internal.debug;

import org.jspecify.annotations.NullMarked;
