ALTER TABLE "push" ADD COLUMN "certificate" "bytea";--> statement-breakpoint
ALTER TABLE "push" ADD COLUMN "nonce_status" text;