// SPDX-License-Identifier: Apache-2.0
/**
 * Verbs for upper-layer protocols (ULPs): an {@link ib.verbs.RdmaDevice} with its protection
 * domains, memory regions, completion queues and queue pairs, and the {@link
 * ib.verbs.ConnectionManager} of a port. Names follow libibverbs and librdmacm.
 *
 * <p>ULPs consume everything here (import {@code [1,2)}); {@code ib.core}, the drivers and {@code
 * ib.cm} implement it (import {@code [1.0,1.1)}), except the handler interfaces, marked
 * {@code @ConsumerType}, which ULPs implement.
 */
@Export
@Version("1.0.0")
@NullMarked
package ib.verbs;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
