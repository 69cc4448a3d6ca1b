// SPDX-License-Identifier: Apache-2.0
/**
 * The reading of configurations, with errors that name where the configuration stands, the key, the
 * value and the remedy. No API: it is copied, private, into each bundle that reads one.
 */
@NullMarked
package ib.config;

import org.jspecify.annotations.NullMarked;
